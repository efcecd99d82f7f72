"""`pushforward fit`: from a table to a model folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pushforward.cli import say
from pushforward.cli.options import Data, Seed, locate, names
from pushforward.errors import ConfigurationError, DataError, TrainingError
from pushforward.files import refuse_existing, replace_directory

if TYPE_CHECKING:
    from pushforward.tables import NumericTable
    from pushforward.tables.fitting import Request

DEFAULT_BUDGET = "5m"


def fit(
    data: Data,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="MODEL", help="The folder to make.")
    ],
    columns: Annotated[
        str | None, typer.Option(help="Columns to model, a,b,c; all but the context's if left out.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="Columns to condition on: p(columns | context).")
    ] = None,
    flow: Annotated[str, typer.Option(help="nsf, maf, realnvp, nice, iaf or planar.")] = "nsf",
    scaler: Annotated[
        str, typer.Option(help="standardize, whiten (turn to the principal axes), or none.")
    ] = "standardize",
    epochs: Annotated[int | None, typer.Option(help="Passes over the training rows.")] = None,
    time_budget: Annotated[
        str | None, typer.Option(help=f"Such as 90s, 5m, 1h; {DEFAULT_BUDGET} if left out.")
    ] = None,
    seed: Seed = 0,
    baselines: Annotated[
        bool, typer.Option(help="Also fit a Gaussian and a mixture, to compare with.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from MODEL.partial, where there is one.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a finished MODEL, or start afresh.")
    ] = False,
) -> None:
    """Fit a normalizing flow to the numeric columns of DATA.

    A tenth of the rows is held out and judged by. The fit is kept in MODEL.partial each epoch, and
    becomes MODEL when it is done.
    """
    if epochs is not None and time_budget is not None:
        raise ConfigurationError("Give either --epochs or --time-budget, one of the two.")
    partial = output.with_name(f"{output.name}.partial")
    if resume and output.exists() and not partial.exists():
        say.note(f"{output} is finished; there is nothing to resume.")
        return
    refuse_existing(output, force)
    _prepare(partial, resume, force)
    given = tuple(names(context) or ())
    table = _read(data, names(columns), given)
    from pushforward.tables.fitting import Request
    from pushforward.training import seconds

    request = Request(
        recipe=flow,
        context=given,
        epochs=epochs,
        time_budget=None if epochs else seconds(time_budget or DEFAULT_BUDGET),
        seed=seed,
        arguments={"scaler": scaler},
    )
    partial.mkdir(parents=True, exist_ok=True)
    try:
        figures = _fit_into(partial, table, request, resume, baselines)
    except KeyboardInterrupt:
        say.note(f"Stopped. {partial} keeps the last whole epoch: go on with --resume.")
        raise
    except (ConfigurationError, DataError, TrainingError):
        if not any(partial.iterdir()):
            partial.rmdir()
        raise
    replace_directory(partial, output)
    say.figures(figures)
    say.note(f"The model is in {output}.")


def _prepare(partial: Path, resume: bool, force: bool) -> None:
    """Refuse, keep or clear what an earlier fit left."""
    if not partial.exists() or resume:
        return
    if not force:
        raise DataError(
            f"{partial} holds an unfinished fit; go on with --resume, or start afresh with --force."
        )
    shutil.rmtree(partial)


def _read(data: str, columns: list[str] | None, context: tuple[str, ...]) -> NumericTable:
    from pushforward.tables import check_trainable, read_numeric

    wanted = None if columns is None else [*columns, *(c for c in context if c not in columns)]
    table = read_numeric(locate(data), wanted)
    for text in table.notes:
        say.note(text)
    missing = [name for name in context if name not in table.names]
    if missing:
        raise DataError(f"{table.source} has no column {missing[0]!r} to condition on.")
    if set(table.names) == set(context):
        raise DataError(f"{table.source}: every column is a context; none is left to model.")
    check_trainable(table)
    return table


def _fit_into(
    partial: Path, table: NumericTable, request: Request, resume: bool, baselines: bool
) -> dict[str, Any]:
    """Fit, judge and write the model's files; gives the held-out figures."""
    from pushforward.tables.fitting import fit_table
    from pushforward.training.checkpoint import CHECKPOINT, save_history

    model, result = fit_table(table, request, partial, resume, sys.stderr.isatty())
    say.note(
        f"Fitted for {result.seconds:.0f} s, {model.training['best_epoch']} epochs to the best; "
        f"{result.stopped}."
    )
    if baselines:
        from pushforward.diagnostics.baselines import compare

        say.note("Fitting a Gaussian and a Gaussian mixture to compare with …")
        model.figures = compare(model, table, request.seed)
    model.write(partial)
    save_history(partial, result.history)
    (partial / CHECKPOINT).unlink(missing_ok=True)
    return model.figures
