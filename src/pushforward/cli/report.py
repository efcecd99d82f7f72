"""`pushforward report`: one page about a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Model, locate, refuse_output
from pushforward.errors import ConfigurationError
from pushforward.files import write_text

if TYPE_CHECKING:
    from pushforward.report import Examined


def report(
    model: Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="The table it was fitted to, or new rows."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT", help="The page to write.")
    ] = "report.html",
    show_rows: Annotated[
        bool, typer.Option("--show-rows", help="Print values of the least likely rows.")
    ] = False,
    as_json: Annotated[
        str | None,
        typer.Option("--json", metavar="OUT", help="Also write the verdict as JSON; - prints it."),
    ] = None,
    force: Force = False,
) -> None:
    """Write one self-contained HTML page: can you trust it, training, fit against data, latents.

    With DATA the verdict is printed as well: can you trust densities, samples, tails?
    """
    refuse_output(output, force)
    if as_json is not None:
        if data is None:
            raise ConfigurationError("--json needs DATA: the verdict is on its rows.")
        refuse_output(as_json, force)
    from pushforward import report as room
    from pushforward.tables import read_numeric, read_typed
    from pushforward.tables.model import load_table_model
    from pushforward.training.checkpoint import read_history

    fitted = load_table_model(model)
    history = read_history(model)
    columns = [*fitted.columns, *fitted.context]
    table = None
    if data is not None and fitted.schema is not None:
        table = read_typed(locate(data), fitted.schema)
    elif data is not None:
        table = read_numeric(locate(data), columns)
    examined = room.examine(fitted, table)
    page = room.build(fitted, history, table, examined=examined, show_rows=show_rows)
    room.write(Path(output), page, force)
    text = json.dumps(examined.to_dict(), indent=2)
    if as_json not in (None, "-"):
        write_text(Path(as_json), text + "\n", force)
    for line in text.splitlines() if as_json == "-" else _sentences(examined):
        say.result(line)
    say.note(f"The report is in {output}.")


def _sentences(examined: Examined) -> list[str]:
    """The three answers and what to do next; none where there is no verdict."""
    found = examined.diagnosis
    if found is None:
        return []
    return [*(answer.sentence for answer in found.answers), f"Next: {' '.join(found.next)}"]
