"""`pushforward compare`: models of images beside one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Limit, Seed, refuse_output
from pushforward.errors import ConfigurationError, DataError
from pushforward.files import naming, write_bytes, write_text

if TYPE_CHECKING:
    from pushforward.report.images.measured import Measured

PAGE, FIGURES = "index.html", "compare.json"


def compare(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Folders of models.")],
    data: Annotated[
        str,
        typer.Option(
            "--images", metavar="IMAGES", help="What to judge by; of a set by name, its test part."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A .html file; or a folder, for the page, compare.json and the samples as .png.",
        ),
    ] = Path("compare.html"),
    limit: Limit = 1000,
    other: Annotated[
        list[str] | None,
        typer.Option(metavar="IMAGES", help="Images of another kind to score; may be repeated."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, metavar="K", help="Of noise for each image, where it is drawn.")
    ] = 1,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Write one page: bits/dim, time and round trips of each MODEL, samples, and what is likely."""
    folder = output.suffix.lower() != ".html"
    if folder and output.suffix and not output.is_dir():
        raise ConfigurationError(
            f"{output}: the page is a .html file; or give the name of a folder, without a suffix."
        )
    page = output / PAGE if folder else output
    refuse_output(str(page if output.is_dir() else output), force)
    from pushforward.images.model import load_image_model
    from pushforward.images.read import at_most, read_images, read_judged
    from pushforward.report.images.compare import compare as build
    from pushforward.report.images.measured import measure

    fitted = [load_image_model(path) for path in models]
    test = at_most(read_judged(data), limit, seed)
    train = read_images(data)
    others = [at_most(read_judged(one), limit, seed) for one in other or []]
    for path, model in zip(models, fitted, strict=True):  # before hours of scoring
        for images in (test, *others):
            try:
                model.require(images)
            except DataError as error:
                raise DataError(f"{path} is not for these images: {error}") from error
    found = []
    for path, model in zip(models, fitted, strict=True):
        by_name = {images.source: images for images in others}
        found.append(measure(path.name or str(path), model, test, train, by_name, draws, seed))
        say.note(f"{path}: {found[-1].bits.sentence()}")
    if folder:
        _write_beside(output, found, force)
    write_text(page, build(found, test.source, train.source), force)
    say.table(
        ("model", "bits/dim", "±", "kind", "weights", "score/s", "draw/s"),
        [(f.name, f.bits.mean, f.bits.error, f.bits.kind, f.parameters, *_rates(f)) for f in found],
        f"On {len(test):,} images of {test.source}; training time and round trips are on the page",
    )
    say.note(f"The page is {page}.")


def _rates(one: Measured) -> tuple[float, float]:
    """Images scored and sampled a second; whole where they are many."""
    scored, sampled = (round(r) if r >= 10 else r for r in (one.scored, one.sampled))
    return scored, sampled


def _write_beside(folder: Path, found: list[Measured], force: bool) -> None:
    from pushforward.images.picture import grid, png

    with naming(folder):
        folder.mkdir(exist_ok=True)
    figures = json.dumps([one.to_dict() for one in found], indent=2)
    write_text(folder / FIGURES, figures + "\n", force)
    for k, one in enumerate(found):
        picture = png(grid(one.samples, one.levels))
        write_bytes(folder / f"samples-{k + 1}-{one.name}.png", picture, force)
