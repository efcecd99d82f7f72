"""`pushforward fit`: from a table, or from images, to a model folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pushforward.cli import say
from pushforward.cli.options import (
    NA,
    Data,
    Seed,
    assignments,
    is_of_images,
    locate,
    names,
    refuse_others,
    spellings,
)
from pushforward.cli.rows import ADDED
from pushforward.cli.unfinished import making, may_begin
from pushforward.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from pushforward.tables import NumericTable
    from pushforward.tables.fitting import Request

DEFAULT_BUDGET = "5m"
TYPED = "columns"  # the recipe of typed columns


def fit(
    called: typer.Context,
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
    schema: Annotated[
        Path | None,
        typer.Option(metavar="SCHEMA", help="What the columns are: a file made by `schema`."),
    ] = None,
    na: NA = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a column that would be left out, with its reason."),
    ] = False,
    flow: Annotated[
        str,
        typer.Option(
            help="auto: the best of many, mixed (glow of images); columns: any of them given any "
            "others; or nsf, maf, realnvp, nice, iaf, … of numbers; or glow, realnvp_image, … of "
            "images."
        ),
    ] = "auto",
    scaler: Annotated[
        str | None,
        typer.Option(help="With --flow: standardize, whiten (turn to the principal axes), none."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training rows.")] = None,
    time_budget: Annotated[
        str | None, typer.Option(help=f"Such as 90s, 5m, 1h; {DEFAULT_BUDGET} if left out.")
    ] = None,
    seed: Seed = 0,
    precision: Annotated[
        str | None, typer.Option(help="With --flow: full, or bf16 products while training.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="With --flow: an argument of the recipe, such as layers=8 or hidden=64,64; may be "
            "repeated.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="With --flow: rows or images a step.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="With --flow: AdamW's, at its peak.")
    ] = None,
    by_class: Annotated[
        bool, typer.Option("--class-conditional", help="Of images: condition on their labels.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=2, help="Of images: only so many, drawn at random.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="With --flow: plain; lean or recompute: deep flows in little memory."),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="With --flow: train with torch.compile.")
    ] = False,
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
    """Fit a density to the columns of DATA, or to its images.

    Columns may be numbers, categories, dates, with cells missing. Of real numbers alone, Gaussians,
    mixtures, a kernel estimate and flows are tried within the time, and mixed as they foretell rows
    that they have not seen; --flow names a single flow instead. Other columns get a model that
    takes any of them given any others. A tenth of the rows is held out and judged by. The fit is
    kept in MODEL.partial each epoch, and becomes MODEL when it is done.

    Images are a set's name (mnist), a folder of PNG or JPEG files, a .npy or an IDX file; --flow is
    glow, realnvp_image, … of images. A tenth of them chooses the best epoch; the bits/dim are
    theirs.
    """
    if epochs is not None and time_budget is not None:
        raise ConfigurationError("Give either --epochs or --time-budget, one of the two.")
    if not may_begin(output, resume, force):
        return
    from pushforward.training import seconds

    budget = None
    if epochs is None:
        budget = seconds(DEFAULT_BUDGET if time_budget is None else time_budget)
    limits: dict[str, Any] = {"epochs": epochs, "time_budget": budget, "seed": seed}
    training = {
        name: value
        for name, value in (
            ("batch_size", batch_size),
            ("learning_rate", learning_rate),
            ("precision", precision),
            ("memory", memory),
            ("compile", compiled or None),
        )
        if value is not None
    }
    arguments = assignments(settings or []) | ({} if scaler is None else {"scaler": scaler})
    given = names("--context", context)
    wanted = names("--columns", columns)
    of_images = is_of_images(data)
    refuse_others(
        data,
        of_images,
        {
            "--columns": wanted,
            "--context": given,
            "--schema": schema,
            "--na": na,
            "--strict": strict,
            "--scaler": scaler,
        },
        {"--class-conditional": by_class, "--limit": limit},
    )
    if of_images:
        from pushforward.cli.images.fit import fit_images
        from pushforward.images.fitting import AUTO, ImageRequest

        recipe = AUTO if flow == "auto" else flow
        asked = ImageRequest(
            recipe,
            **limits,
            arguments=arguments,
            training=training,
            by_class=by_class,
            command=called.find_root().obj,
        )
        fit_images(data, output, asked, limit, resume)
        return
    if given and flow == TYPED:
        raise ConfigurationError(
            f"--flow {TYPED} fits a model of any columns given any others, told at `sample "
            "--given`; leave out --context."
        )
    numeric = bool(given) or flow not in ("auto", TYPED)
    if numeric and (schema is not None or na is not None or strict):
        raise ConfigurationError(
            "--schema, --na and --strict are for typed columns; leave out --flow and --context."
        )
    if numeric:
        table = _read(data, wanted, given)
    else:
        table = _read_typed(data, wanted, schema, spellings(na), strict, flow == TYPED)
    from pushforward.tables.fitting import Request

    request = Request(flow, tuple(given), **limits, arguments=arguments, training=training)
    with making(output, resume) as partial:
        figures = _fit_into(partial, table, request, resume, baselines)
    say.figures(figures)
    say.note(f"The model is in {output}.")


def _read(data: str, columns: list[str], context: list[str]) -> NumericTable:
    from pushforward.tables import check_trainable, dependence, read_numeric
    from pushforward.tables.names import require_columns

    both = [name for name in columns if name in context]
    if both:
        raise ConfigurationError(f"Column {both[0]!r} is in --columns and in --context.")
    table = read_numeric(locate(data), [*columns, *context] if columns else None)
    for text in table.notes:
        say.note(text)
    require_columns(context, table.names, table.source)
    if set(table.names) == set(context):
        raise DataError(f"{table.source}: every column is a context; none is left to model.")
    _refuse_own_names(table, context)
    check_trainable(table)
    told = dependence(table)
    if told:
        say.note(told)
    return table


def _read_typed(
    data: str, columns: list[str], schema: Path | None, na: list[str], strict: bool, bounds: bool
) -> NumericTable:
    from pushforward.schema import load
    from pushforward.tables import check_trainable, dependence, read_typed
    from pushforward.tables.typed import is_real

    given = None if schema is None else load(schema)
    table = read_typed(locate(data), given, columns or None, na, strict, bounds)
    for text in table.notes:
        say.note(text)
    _refuse_own_names(table, [])
    assert table.schema is not None
    if is_real(table.schema):
        check_trainable(table)
        told = dependence(table)
        if told:
            say.note(told)
    elif len(table.values) < 2:
        raise DataError(f"{table.source}: a model is fitted to 2 rows or more, and there is 1.")
    return table


def _refuse_own_names(table: NumericTable, context: list[str]) -> None:
    """Columns that `score` and `encode` add: better told now than after the fit."""
    latents = [f"z_{i + 1}" for i in range(len(table.names) - len(context))]
    added = [n for n in table.names if n in ADDED] + [n for n in context if n in latents]
    if added:
        raise DataError(
            f"{table.source}: a column called {added[0]!r} is what pushforward itself will write; "
            "rename it, or leave it out with --columns."
        )


def _fit_into(
    partial: Path, table: NumericTable, request: Request, resume: bool, baselines: bool
) -> dict[str, Any]:
    """Fit, judge and write the model's files; gives the held-out figures."""
    from pushforward.tables.fitting import fit_table
    from pushforward.training.checkpoint import write_history

    model, fitted = fit_table(table, request, partial, resume, sys.stderr.isatty(), say.note)
    for line in fitted.words.splitlines():
        say.note(line)
    if baselines:
        from pushforward.diagnostics.baselines import compare

        if not fitted.plainer:
            say.note("Fitting a Gaussian and a Gaussian mixture to compare with …")
        model.figures = compare(model, table, request.seed, fitted.plainer)
    model.write(partial)
    write_history(partial, fitted.history)
    return model.figures
