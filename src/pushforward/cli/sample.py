"""`pushforward sample`: new rows from a model."""

from __future__ import annotations

from typing import Annotated

import typer

from pushforward.cli.options import Force, Model, Output, Seed, locate, refuse_output
from pushforward.errors import ConfigurationError


def sample(
    model: Model,
    n: Annotated[int, typer.Option("-n", help="How many rows (for each row of --context).")],
    output: Output,
    seed: Seed = 0,
    context: Annotated[
        str | None,
        typer.Option(help="For a conditional model: a file with the context columns."),
    ] = None,
    force: Force = False,
) -> None:
    """Draw new rows from MODEL."""
    if n < 1:
        raise ConfigurationError(f"-n must be at least 1, but is {n}.")
    refuse_output(output, force)
    import numpy as np

    from pushforward.tables import read_numeric, writing
    from pushforward.tables.model import load_table_model

    fitted = load_table_model(model)
    if bool(fitted.context) != (context is not None):
        raise ConfigurationError(
            f"{model} is conditioned on {', '.join(fitted.context)}; give --context FILE with them."
            if fitted.context
            else f"{model} is not conditional; leave out --context."
        )
    given = None if context is None else read_numeric(locate(context), fitted.context).values
    written = 0
    with writing(output, force) as writer:
        for block in fitted.sample(n, seed, given):
            columns = fitted.named(block)
            if given is not None:  # each row beside what it was drawn for
                part = given[np.arange(written, written + len(block)) // n]
                columns |= {name: part[:, j] for j, name in enumerate(fitted.context)}
            writer.write(columns)
            written += len(block)
