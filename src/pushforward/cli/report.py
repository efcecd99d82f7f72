"""`pushforward report`: one page about a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Model, locate, refuse_output


def report(
    model: Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="The table it was fitted to, or new rows."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT", help="The page to write.")
    ] = "report.html",
    force: Force = False,
) -> None:
    """Write one self-contained HTML page: training, fit against data, latents against the base."""
    refuse_output(output, force)
    from pushforward import report as room
    from pushforward.tables import read_numeric
    from pushforward.tables.model import load_table_model
    from pushforward.training.checkpoint import read_history

    fitted = load_table_model(model)
    history = read_history(model)
    columns = [*fitted.columns, *fitted.context]
    table = None if data is None else read_numeric(locate(data), columns)
    room.write(Path(output), room.build(fitted, history, table), force)
    say.note(f"The report is in {output}.")
