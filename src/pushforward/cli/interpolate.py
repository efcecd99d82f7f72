"""`pushforward interpolate`: from one image to another through a flow's latents."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Model, Seed, refuse_output

One = "A PNG or JPEG file, or one of a set by its place from 0: mnist:test:17."


def interpolate(
    model: Model,
    a: Annotated[str, typer.Argument(metavar="A", help=One)],
    b: Annotated[str, typer.Argument(metavar="B", help=One)],
    picture: Annotated[str, typer.Option("--grid", metavar="OUT", help="The .png to write.")],
    steps: Annotated[int, typer.Option(min=2, help="How many images, A and B among them.")] = 8,
    path: Annotated[
        Literal["spherical", "linear"],
        typer.Option(help="spherical keeps to the lengths that latents have (White 2016)."),
    ] = "spherical",
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Draw the images between A and B: their latents are joined by a way, and it is decoded."""
    from pushforward.images.between import between
    from pushforward.images.model import load_image_model
    from pushforward.images.one import read_one
    from pushforward.images.picture import require_png, write_grid

    require_png(picture)
    refuse_output(picture, force)
    fitted = load_image_model(model)
    levels = fitted.record.levels
    found = between(fitted, read_one(a, levels), read_one(b, levels), steps, path, seed)
    write_grid(found.pixels, picture, levels, steps, force)
    first, last = found.changed
    ends = (
        "both ends come back exactly"
        if not first and not last
        else f"of {fitted.record.numbers} numbers, {first} of A and {last} of B came back otherwise"
    )
    say.note(f"{steps} images on the {path} way between the latents of A and B; {ends}.")
    say.note(f"The picture is {picture}.")
