"""Arguments and options that several commands share, and what a DATA argument may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pushforward.files import refuse_existing

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
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same result.")]


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

        from pushforward.files import replacing

        target.parent.mkdir(parents=True, exist_ok=True)
        table = load(data)
        with replacing(target) as draft:
            pyarrow.parquet.write_table(table, draft)
    return target


def refuse_output(output: str, force: bool) -> None:
    """Refuse an existing output before any work is done for it.

    Raises:
        DataError: the file exists and `force` was not given.
    """
    if output != "-":
        refuse_existing(Path(output), force)


def names(text: str | None) -> list[str] | None:
    """Column names from "a,b,c"; a name with a comma in it is written in double quotes.

    Example:
        >>> names('a, b,"c,d"')
        ['a', 'b', 'c,d']
    """
    if text is None:
        return None
    import csv

    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
