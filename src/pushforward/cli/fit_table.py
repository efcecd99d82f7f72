"""`pushforward fit` of a table: how it is read, and what is written of the fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushforward.cli import say
from pushforward.cli.options import locate
from pushforward.cli.rows import ADDED
from pushforward.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from pushforward.tables import NumericTable
    from pushforward.tables.fitting import Request
    from pushforward.training.team import Team


def read_numbers(data: str, columns: list[str], context: list[str], team: Team) -> NumericTable:
    """A table of numbers, with the columns of its context; refused where it cannot be fitted.

    With a team, this process's share of it.
    """
    from pushforward.tables import check_trainable, dependence
    from pushforward.tables.names import require_columns
    from pushforward.tables.pieces import read_share
    from pushforward.tables.together import sample_of

    both = [name for name in columns if name in context]
    if both:
        raise ConfigurationError(f"Column {both[0]!r} is in --columns and in --context.")
    with team.agreed():
        wanted = [*columns, *context] if columns else None
        table = read_share(locate(data), wanted, team.rank, team.size)
    for text in table.notes if team.leads else ():
        say.note(text)
    require_columns(context, table.names, table.source)
    if set(table.names) == set(context):
        raise DataError(f"{table.source}: every column is a context; none is left to model.")
    _refuse_own_names(table, context)
    whole = sample_of(table, team)
    with team.agreed():
        check_trainable(whole)
    told = dependence(whole)
    if told and team.leads:
        say.note(told)
    return table


def read_columns(
    data: str, columns: list[str], schema: Path | None, na: list[str], strict: bool, bounds: bool
) -> NumericTable:
    """A table of typed columns; refused where nothing can be fitted to it."""
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


def fit_into(
    partial: Path, table: NumericTable, request: Request, resume: bool, baselines: bool, team: Team
) -> dict[str, Any]:
    """Fit, judge and write the model's files; gives the held-out figures.

    With a team, its leader writes; there are no baselines, which would take all rows.
    """
    from pushforward.tables.fitting import fit_table
    from pushforward.training.checkpoint import write_history

    shown = sys.stderr.isatty()
    model, fitted = fit_table(table, request, partial, resume, shown, say.note, team)
    if not team.leads:
        return {}
    for line in fitted.words.splitlines():
        say.note(line)
    if baselines and team.size == 1:
        from pushforward.diagnostics.baselines import compare

        if not fitted.plainer:
            say.note("Fitting a Gaussian and a Gaussian mixture to compare with …")
        model.figures = compare(model, table, request.seed, fitted.plainer)
    model.write(partial)
    write_history(partial, fitted.history)
    return model.figures
