"""`pushforward check`: is this model right?"""

from __future__ import annotations

from typing import Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Model, Seed, locate
from pushforward.errors import ConfigurationError


def check(
    model: Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="Rows to check on; samples of its own if left out."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Test the mathematics of MODEL: inverses, log-dets, normalisation, gradients, batches.

    Of typed columns: their probabilities, draws, latents, missing cells, and samples in the schema.

    Ends with exit code 1 where a test fails.
    """
    from pushforward.diagnostics import check as run
    from pushforward.diagnostics.within_schema import within_schema
    from pushforward.tables import read_numeric, read_typed
    from pushforward.tables.model import load_table_model

    fitted = load_table_model(model)
    if fitted.context and data is None:
        raise ConfigurationError(
            f"{model} is conditioned on {', '.join(fitted.context)}; give DATA with these columns."
        )
    rows = context = None
    if data is not None and fitted.schema is not None:
        rows, _ = fitted.tensors(read_typed(locate(data), fitted.schema).values)
    elif data is not None:
        table = read_numeric(locate(data), [*fitted.columns, *fitted.context])
        width = len(fitted.columns)
        given = table.values[:, width:] if fitted.context else None
        rows, context = fitted.tensors(table.values[:, :width], given)
    outcome = run(fitted.flow, rows, context, seed=seed)
    if fitted.schema is not None and fitted.flow.takes_missing:
        outcome = outcome.with_finding(within_schema(fitted, seed))
    for line in str(outcome).splitlines():
        say.result(line)
    if not outcome.passed:
        raise typer.Exit(1)
