"""`pushforward data`: real data by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Seed, refuse_output

if TYPE_CHECKING:
    from pushforward.datasets import Dataset, ImageSet

app = typer.Typer(help="Real data sets by name.", rich_markup_mode=None)


@app.command("list")
def show() -> None:
    """List the data sets: name, size, licence, and what each is."""
    from pushforward.datasets import Dataset, ImageSet, catalogue

    known = catalogue().values()
    say.table(
        ("name", "rows", "columns", "licence", "what it is"),
        [
            (d.name, d.rows, len(d.columns), d.licence, _what(d))
            for d in known
            if isinstance(d, Dataset)
        ],
    )
    say.table(
        ("name", "train", "test", "C x H x W", "licence", "what it is"),
        [
            (d.name, d.train, d.test, " x ".join(map(str, d.shape)), d.licence, _what(d))
            for d in known
            if isinstance(d, ImageSet)
        ],
        "Images",
    )


def _what(dataset: Dataset | ImageSet) -> str:
    """The beginning of a data set's summary."""
    return re.split(r"[:;.]\s", dataset.summary)[0]


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `data list`.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="NAME.parquet if left out; images go to a .npy file, NAME.npy.",
        ),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="So many rows, drawn at random; all if left out.")
    ] = None,
    part: Annotated[
        Literal["train", "test"] | None,
        typer.Option(help="Which images of a set; train if left out."),
    ] = None,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Fetch a data set (once: it is cached and its SHA-256 checked) and write it to a file."""
    from pushforward.datasets import ImageSet, find

    dataset = find(name)
    if isinstance(dataset, ImageSet):
        target = output or f"{name}.npy"
        count = _get_images(dataset, target, part, rows, seed, force)
    else:
        target = output or f"{name}.parquet"
        count = _get_table(dataset, target, part, rows, seed, force)
    say.note(f"{name}: {count} in {target}.")
    say.note(f"Source: {dataset.source}. Licence: {dataset.licence}.")


def _get_table(
    dataset: Dataset, target: str, part: str | None, rows: int | None, seed: int, force: bool
) -> str:
    from pushforward.errors import ConfigurationError

    if part is not None:
        raise ConfigurationError(f"{dataset.name} is a table, which has no parts; drop --part.")
    refuse_output(target, force)
    from pushforward.datasets import load
    from pushforward.tables import writing

    table = load(dataset.name, rows, seed)
    with writing(target, force) as writer:
        writer.write({column: table.column(column) for column in table.column_names})
    return f"{table.num_rows} rows"


def _get_images(
    dataset: ImageSet,
    target: str,
    part: Literal["train", "test"] | None,
    rows: int | None,
    seed: int,
    force: bool,
) -> str:
    from pushforward.images import read_images, write_images
    from pushforward.images.write import require_npy

    require_npy(target)
    refuse_output(target, force)
    chosen = part or "train"
    images = read_images(dataset.name, chosen, rows, seed)
    write_images(images, target, force)
    shape = " x ".join(map(str, images.shape))
    return f"{len(images)} images of {shape} ({chosen}), without their labels,"
