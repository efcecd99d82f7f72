"""NumPy's file of one array, without Python objects: nothing is unpickled."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pushforward.errors import DataError
from pushforward.images.images import CHANNELS, Images
from pushforward.text import excerpt, refusal

MAGIC = b"\x93NUMPY"
_ROWS = 1024  # images turned from floats to bytes at a time
# Version 3 is for names of fields, which images have none of.
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What numpy's parser of headers gives way with, when the header is not what it wrote.
_DAMAGE = (
    *(ValueError, TypeError, KeyError, EOFError, OSError, OverflowError),
    *(SyntaxError, tokenize.TokenError, RecursionError, MemoryError),
)


def read_npy(path: Path) -> Images:
    """The images in a `.npy` file.

    Its array is (n, height, width), (n, channels, height, width) or (n, height, width, channels),
    with one channel or three; where both of the latter would do, channels come first. Its numbers
    are uint8; or booleans, which become two levels; or floats in [0, 1], of which x becomes the
    level nearest to 255 x.

    Raises:
        DataError: the file is damaged, shorter or longer than its header says, or holds Python
            objects, numbers of another type or range, or another shape; it does not fit in memory.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "stripes.npy"
        >>> np.save(path, np.tile([0.0, 0.5, 1.0], (7, 4, 1)))
        >>> images = read_npy(path)
        >>> images.pixels.shape, images.pixels[0, 0, 0]
        ((7, 1, 4, 3), array([  0, 128, 255], dtype=uint8))
    """
    source = str(path)
    stored = _mapped(path, source)
    if stored.dtype.kind not in "bf" and stored.dtype != np.uint8:
        raise refusal(
            source,
            f"its numbers are {excerpt(stored.dtype)}; give uint8 (0 to 255), floats from 0 to 1, "
            "or booleans.",
        )
    placed = _channels_first(stored, source)
    try:
        pixels = _bytes(placed, source)
    except MemoryError as error:
        raise refusal(source, f"its shape is {stored.shape}: too much for the memory.") from error
    return Images(pixels, source, levels=2 if stored.dtype.kind == "b" else 256)


def _mapped(path: Path, source: str) -> np.ndarray:
    """The array as it lies on the disk, once the file is known to be as long as its header says."""
    try:
        with open(path, "rb") as handle, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that Python 2 wrote the header
            if handle.read(len(MAGIC)) != MAGIC:
                raise refusal(source, "it is not a .npy file: those begin with the word NUMPY.")
            shape, fortran, dtype = _header(handle, source)
            begin, end = handle.tell(), handle.seek(0, io.SEEK_END)
            count = math.prod(shape)
            if min(shape, default=1) < 0 or end - begin != count * dtype.itemsize:
                raise refusal(
                    source,
                    f"its header says {shape} of {excerpt(dtype)}, which is "
                    f"{count * dtype.itemsize:,} bytes, but {end - begin:,} follow; save it again.",
                )
            if not count:
                raise refusal(source, f"its shape is {shape}: there is no pixel.")
            return np.memmap(handle, dtype, "r", begin, shape, "F" if fortran else "C")
    except DataError:
        raise
    except _DAMAGE as error:
        raise refusal(source, f"it is damaged ({_short(error)}); save it again.") from error


def _header(handle: BinaryIO, source: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = tuple(handle.read(2))
    if version not in _HEADERS:
        raise ValueError("its version is unknown")
    shape, fortran, dtype = _HEADERS[version](handle)
    if dtype.hasobject:
        raise refusal(
            source,
            "it holds Python objects, which are never unpickled; save numbers, with "
            "np.save(…, allow_pickle=False).",
        )
    return shape, fortran, dtype


def _short(error: BaseException) -> str:
    """The first line of what numpy says, cut where it quotes the whole header."""
    line, *_ = str(error).splitlines() or [""]
    return excerpt(line or type(error).__name__)[1:-1]


def _channels_first(stored: np.ndarray, source: str) -> np.ndarray:
    if stored.ndim == 3:
        return stored[:, None]
    if stored.ndim == 4 and stored.shape[1] in CHANNELS:
        return stored
    if stored.ndim == 4 and stored.shape[3] in CHANNELS:
        return np.moveaxis(stored, 3, 1)
    alpha = stored.ndim == 4 and 4 in (stored.shape[1], stored.shape[3])
    raise refusal(
        source,
        f"its shape is {stored.shape}; give (n, height, width), (n, channels, height, width) or "
        "(n, height, width, channels), with one channel or three"
        + (": an alpha channel is left out first, as in a[..., :3]." if alpha else "."),
    )


def _bytes(placed: np.ndarray, source: str) -> np.ndarray:
    pixels = np.empty(placed.shape, np.uint8)
    for start in range(0, len(placed), _ROWS):
        rows = slice(start, start + _ROWS)
        block = placed[rows]
        pixels[rows] = _rounded(block, start, source) if block.dtype.kind == "f" else block
    return pixels


def _rounded(block: np.ndarray, start: int, source: str) -> np.ndarray:
    outside = ~((block >= 0) & (block <= 1))  # and NaN
    if outside.any():
        image = int(outside.any(axis=(1, 2, 3)).argmax())
        value = block[image][outside[image]][0]
        raise refusal(
            source,
            f"image {start + image} (counted from 0) holds {value}; floats must lie from 0 to 1: "
            "divide by the largest value, or save uint8.",
        )
    return np.rint(block.astype(np.float64) * 255)
