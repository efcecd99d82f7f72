"""Arguments and options that several commands share, and what a DATA argument may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pushforward.errors import ConfigurationError
from pushforward.files import refuse_file

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A fitted model's folder.")]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A CSV or Parquet file, or a data set's name (see `data list`)."
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="OUT", help="A .csv or .parquet file; - is standard output."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing output.")]
ExcelSafe = Annotated[
    bool,
    typer.Option(
        "--excel-safe",
        help="In CSV, write an apostrophe before text that a spreadsheet would calculate: what "
        "begins with = + - @, a tab or a carriage return. Numbers stay numbers. The commands that "
        "read a table by a model or a schema leave such an apostrophe out again, where the text "
        "behind it is what they know.",
    ),
]
NA = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="What says that a cell is missing, instead of the usual spellings; an empty cell "
        "always does.",
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", min=0, max=2**32 - 1, help="The same seed gives the same result."),
]


def locate(data: str) -> Path:
    """The file that DATA names; a data set of the catalogue becomes a Parquet file in the cache.

    Raises:
        DataError: neither a file nor a known data set, or one that could not be fetched.
    """
    path = Path(data)
    if path.exists() or path.suffix or path.parent != Path():
        return path
    from pushforward.datasets import cache_folder, catalogue, find, load

    if data not in catalogue():
        find(data)  # refuses it, with the nearest name
    target = cache_folder() / "tables" / f"{data}.parquet"
    if not target.exists():
        import pyarrow.parquet

        from pushforward.files import naming, replacing

        table = load(data)
        with naming(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as draft:
            pyarrow.parquet.write_table(table, draft)
    return target


def refuse_output(output: str, force: bool) -> None:
    """Refuse an output that cannot be written before any work is done for it.

    Raises:
        DataError: the file exists and `force` was not given, or its folder does not exist.
    """
    if output != "-":
        refuse_file(Path(output), force)


def names(option: str, text: str | None) -> list[str]:
    """Column names from "a,b,c"; a name with a comma in it is written in double quotes.

    Raises:
        ConfigurationError: no name, one twice, or a quote that is never closed; names `option`.

    Example:
        >>> names("--columns", 'a, b,"c,d"')
        ['a', 'b', 'c,d']
    """
    if text is None:
        return []
    import csv

    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ConfigurationError(f"{option} {text!r} is no list of names: {error}.") from error
    found = [name.strip() for row in rows for name in row]
    if not found:
        raise ConfigurationError(f"{option} names no column.")
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"{option} names column {twice!r} twice.")
    return found


def spellings(text: str | None) -> list[str]:
    """What says that a cell is missing: the usual spellings, or those of "a,b" and the empty cell.

    Example:
        >>> spellings("-999, unknown")
        ['', '-999', 'unknown']
    """
    from pushforward.schema import NA as usual

    if text is None:
        return list(usual)
    return list(dict.fromkeys(["", *names("--na", text)])) if text.strip() else [""]
