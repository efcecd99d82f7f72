"""`pushforward sample` of images."""

from __future__ import annotations

from pathlib import Path

from pushforward.cli import say
from pushforward.cli.options import refuse_output
from pushforward.errors import ConfigurationError

MOST_ACROSS = 20  # classes that have columns of their own in a picture


def sample_images(
    model: Path,
    n: int,
    output: str | None,
    picture: str | None,
    temperature: float,
    chosen: str | None,
    seed: int,
    force: bool,
) -> None:
    """Draw n images; write them to a .npy file, and as one picture."""
    if output is None and picture is None:
        raise ConfigurationError(
            "Give -o OUT.npy for the images as an array, --grid OUT.png for a picture, or both."
        )
    import numpy as np

    from pushforward.images.images import Images
    from pushforward.images.model import load_image_model
    from pushforward.images.picture import require_png, write_grid
    from pushforward.images.write import require_npy, write_images

    for target, require in ((output, require_npy), (picture, require_png)):
        if target is not None:
            require(target)
            refuse_output(target, force)
    fitted = load_image_model(model)
    classes = len(fitted.record.classes)
    labels = None
    if chosen is not None:
        labels = np.full(n, fitted.label(chosen))
    elif classes:
        labels = np.arange(n) % classes
    pixels = fitted.sample(n, seed, labels, temperature)
    if output is not None:
        images = Images(pixels, str(model), levels=fitted.record.levels)
        write_images(images, output, force)
    if picture is not None:
        across = classes if classes <= MOST_ACROSS and chosen is None else 0
        write_grid(pixels, picture, fitted.record.levels, across or None, force)
    if classes and chosen is None:
        say.note(f"The {classes} classes follow one another, again and again.")
