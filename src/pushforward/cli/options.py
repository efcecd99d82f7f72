"""Arguments and options that several commands share, and what a DATA argument may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pushforward.errors import ConfigurationError
from pushforward.files import refuse_file

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A fitted model's folder.")]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV or Parquet file, images (a folder, a .npy or an IDX file), or a data set's "
        "name (see `data list`).",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="OUT", help="A .csv or .parquet file; - is standard output."
    ),
]
MaybeOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="A .csv or .parquet file, or .npy of sampled images; - is standard output.",
    ),
]
PartOption = Annotated[
    Literal["train", "test"] | None,
    typer.Option("--part", help="Which images of a set by name."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Of images: only so many, drawn at random.")]
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


def is_of_images(data: str) -> bool:
    """Is DATA images, rather than a table?"""
    from pushforward.images.read import are_images

    return are_images(data)


def is_image_model(model: Path) -> bool:
    """Is MODEL of images, rather than of a table?

    Raises:
        ModelError: it is no model, or damaged.
    """
    from pushforward.storage import read_config

    return read_config(model).images is not None


def refuse_others(
    what: object, of_images: bool, for_tables: dict[str, object], for_images: dict[str, object]
) -> None:
    """Refuse an option that was given and belongs to the other kind of data.

    Args:
        what: the data or the model, for the message.
        of_images: is it images, or a model of them?
        for_tables, for_images: options by name; one that is None, False or empty was not given.

    Raises:
        ConfigurationError: the first of those that were given.
    """
    wrong = next((n for n, v in (for_tables if of_images else for_images).items() if v), None)
    if wrong is not None:
        kind, other = ("images", "a table") if of_images else ("a table", "images")
        raise ConfigurationError(f"{wrong} is for {other}, but {what} is {kind}; leave it out.")


def assignments(texts: list[str]) -> dict[str, Any]:
    """Arguments of a recipe from "name=value": numbers, true and false, lists, else words.

    Raises:
        ConfigurationError: no name or no value, or a name twice.

    Example:
        >>> assignments(["layers=8", "hidden=64,64", "alpha=0.05", "univariate=spline"])
        {'layers': 8, 'hidden': [64, 64], 'alpha': 0.05, 'univariate': 'spline'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise ConfigurationError(
                f"--set takes NAME=VALUE, such as layers=8, but was given {text!r}."
            )
        if name in found:
            raise ConfigurationError(f"--set gives {name!r} twice.")
        parts = [_plain(part.strip()) for part in value.strip("[]()").split(",") if part.strip()]
        found[name] = parts if "," in value or value[0] in "[(" else parts[0]
    return found


def _plain(word: str) -> Any:
    """A number, true or false where it is one; else the word."""
    known = {"true": True, "false": False}
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return known.get(word.lower(), word)


def needed(output: str | None) -> str:
    """The output that a table must be given.

    Raises:
        ConfigurationError: there is none.
    """
    if output is None:
        raise ConfigurationError("Give -o OUT, the file to write; - is standard output.")
    return output


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
