"""`pushforward schema`: what the columns of a table are, as a file to look at and edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import NA, Data, Force, locate, spellings

if TYPE_CHECKING:
    from pushforward.schema import Column

HEADERS = ("column", "kind", "range or levels", "missing", "note")
SHOWN = 4  # levels of a category in the printed table


def schema(
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="SCHEMA", help="The .json file to write."),
    ],
    na: NA = None,
    strict: Annotated[
        bool,
        typer.Option(help="Refuse a table with a column that would be left out of a model."),
    ] = False,
    force: Force = False,
) -> None:
    """Tell what each column of DATA holds, and write it to a JSON file that can be edited.

    Kinds are real, positive, bounded, integer, rounded, periodic, boolean, category, ordered,
    datetime and time; identifier, constant and empty columns are left out of a model. What was
    assumed, and what could be read in two ways, is said line by line.
    """
    from pushforward.files import refuse_file

    refuse_file(output, force)
    from pushforward.schema import save
    from pushforward.tables import infer_schema, open_table

    reader = open_table(locate(data))
    found = infer_schema(reader, None, spellings(na), strict)
    save(found.schema, output, force)
    say.table(HEADERS, [row(column) for column in found.schema.columns])
    for text in (*reader.notes, *found.notes):
        say.note(text)
    for text in found.questions:
        say.note(f"? {text}")
    modelled, left = len(found.schema.modelled), len(found.schema.left_out)
    say.note(f"{output}: {modelled} columns to model, {left} left out.")


def row(column: Column) -> tuple[str, str, str, str, str]:
    """A column's row of the printed table.

    Example:
        >>> from pushforward.schema import Column
        >>> row(Column(name="n", kind="integer", lower=0, missing=True))
        ('n', 'integer', '0 or more', 'yes', '')
    """
    missing = "yes" if column.missing else ""
    return column.name, column.kind, _range(column), missing, _note(column)


def _range(column: Column) -> str:
    if column.levels is not None:
        more = len(column.levels) - SHOWN
        return ", ".join(column.levels[:SHOWN]) + (f" and {more} more" if more > 0 else "")
    if column.kind == "constant":
        return str(column.value)
    if column.kind == "positive":
        return "above 0"
    if column.kind == "datetime":
        return f"from {column.origin}"
    if column.kind == "time":
        return "00:00 to 24:00"
    if column.period is not None:
        low = column.lower or 0.0
        return f"{low:g} to {low + column.period:g}"
    if column.lower is not None and column.upper is not None:
        return f"{column.lower:g} to {column.upper:g}"
    if column.lower is not None:
        return f"{column.lower:g} or more"
    return f"{column.upper:g} or less" if column.upper is not None else ""


def _note(column: Column) -> str:
    if not column.modelled:
        return f"left out: {column.why}" if column.why else "left out"
    said = [f"in steps of {_step(column)}"] if column.step is not None else []
    return "; ".join([*said, *([f"written as {column.format}"] if column.format else [])])


def _step(column: Column) -> str:
    if column.kind not in ("datetime", "time"):
        return f"{column.unit:g}"
    words = {86400.0: "a day", 3600.0: "an hour", 60.0: "a minute", 1.0: "a second"}
    return words.get(column.unit, f"{column.unit:g} seconds")
