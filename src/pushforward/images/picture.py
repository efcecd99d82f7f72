"""Images side by side, as one PNG: nothing is smoothed, each number is a square of dots."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np

from pushforward.errors import ShapeError
from pushforward.files import write_bytes
from pushforward.text import refusal

SIDE = 56  # dots that an image's longer side has at least
GAP = 2  # dots between images
GROUND = 128  # the gray between them: neither black nor white


def grid(pixels: np.ndarray, levels: int = 256, columns: int | None = None) -> np.ndarray:
    """Images laid out in rows, from left to right, as one of 256 levels.

    Args:
        pixels: uint8 (n, C, H, W), C one or three, n at least 1.
        levels: how many values they have, from 0: the last becomes white.
        columns: images in a row; about as many as there are rows where None.

    Returns:
        uint8 (height, width) of gray images, (height, width, 3) of RGB.

    Raises:
        ShapeError: an array that is no images.

    Example:
        >>> grid(np.zeros((6, 1, 28, 28), np.uint8), columns=3).shape
        (118, 176)
    """
    if pixels.ndim != 4 or not pixels.size or pixels.shape[1] not in (1, 3):
        raise ShapeError(f"A grid takes images (n, C, H, W), but was given {pixels.shape}.")
    n, channels, height, width = pixels.shape
    across = min(columns or math.ceil(math.sqrt(n)), n)
    down = -(-n // across)
    times = -(-SIDE // max(height, width))
    tall, broad = height * times, width * times
    sheet = np.full(
        (down * (tall + GAP) + GAP, across * (broad + GAP) + GAP, channels), GROUND, np.uint8
    )
    shades = np.round(np.arange(256) * (255 / (levels - 1))).clip(0, 255).astype(np.uint8)
    for k, image in enumerate(shades[pixels]):
        top, left = k // across * (tall + GAP) + GAP, k % across * (broad + GAP) + GAP
        large = image.transpose(1, 2, 0).repeat(times, 0).repeat(times, 1)
        sheet[top : top + tall, left : left + broad] = large
    return sheet[..., 0] if channels == 1 else sheet


def png(picture: np.ndarray) -> bytes:
    """A picture as `grid` gives it, as the bytes of a PNG file.

    Example:
        >>> png(grid(np.zeros((1, 3, 8, 8), np.uint8)))[:4]
        b'\\x89PNG'
    """
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(picture).save(target, "PNG")
    return target.getvalue()


def require_png(path: str | Path) -> None:
    """Refuse to write a picture to a file whose name says that it is of another format.

    Raises:
        DataError: it does not end in `.png`.
    """
    if Path(path).suffix.lower() != ".png":
        raise refusal(str(path), "pictures are written as .png; give a name that ends so.")


def write_grid(
    pixels: np.ndarray,
    path: str | Path,
    levels: int = 256,
    columns: int | None = None,
    force: bool = False,
) -> None:
    """Write `grid` of the images to a PNG file, whole or not at all.

    Raises:
        ShapeError: as `grid`.
        DataError: another ending, an existing file without `force`, or a disk that refuses.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "grid.png"
        >>> write_grid(np.zeros((4, 1, 8, 8), np.uint8), path)
        >>> path.read_bytes()[:4]
        b'\\x89PNG'
    """
    require_png(path)
    write_bytes(Path(path), png(grid(pixels, levels, columns)), force)
