"""A single image that a person points at: a file, or one of a set by its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pushforward.datasets.image_set import PARTS
from pushforward.errors import DataError
from pushforward.images.folder import SUFFIXES, read_picture
from pushforward.images.images import Images
from pushforward.images.read import read_images
from pushforward.text import excerpt


def read_one(reference: str, levels: int = 256) -> Images:
    """One image, with its label where it is known.

    Args:
        reference: a PNG or JPEG file; or set:part:place, such as mnist:test:17, counted from 0.
        levels: of a file that holds 0 to 255, the values that are wanted: x of 255 becomes the
            nearest of levels - 1.

    Raises:
        DataError: neither of both, a set or a place that there is not, or a damaged file.

    Example:
        >>> one = read_one("digits8:test:0")
        >>> one.source, one.pixels.shape, one.labels
        ('digits8:test:0', (1, 1, 8, 8), array([1]))
    """
    path = Path(reference)
    if path.suffix.lower() in SUFFIXES:
        if not path.exists():
            raise DataError(f"{excerpt(reference)}: there is no such file.")
        pixels = read_picture(path)[None]
        scaled = (pixels * (levels - 1.0) / 255).round().astype(pixels.dtype)
        return Images(scaled, reference, levels=levels)
    name, *rest = reference.split(":")
    if len(rest) != 2 or rest[0] not in PARTS or not rest[1].isdecimal():
        raise DataError(
            f"{excerpt(reference)} is no image; give a PNG or JPEG file, or one of a set by its "
            "place from 0, such as mnist:test:17."
        )
    part, place = rest[0], int(rest[1])
    images = read_images(name, part)  # type: ignore[arg-type]
    if place >= len(images):
        raise DataError(
            f"{excerpt(reference)}: {images.source} has {len(images):,} images, from 0 to "
            f"{len(images) - 1}."
        )
    return replace(images.take(np.array([place])), source=reference)
