"""IDX, the format that MNIST was published in: a header with the sizes, then plain bytes.

The header is believed only so far as the bytes bear it out; a gzipped file is unpacked no further
than its header says, and one byte more, to see that it ends there.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from pushforward.text import refusal

if TYPE_CHECKING:
    import numpy as np

LIMIT = 4 << 30  # bytes of one array: 5 million images of 28 x 28
GZIP = b"\x1f\x8b"
BYTES = 0x08  # the code of unsigned bytes, the only kind of number that images and labels have
_BLOCK = 1 << 20


def read_idx(content: Path | bytes, file: str, dimensions: int) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, plain or gzipped.

    Args:
        content: the file, or its content.
        file: its name, for the errors.
        dimensions: how many the array must have: 3 for images (n, height, width), 1 for labels.

    Returns:
        uint8, of the shape that the header gives.

    Raises:
        DataError: it cannot be read, is not IDX, holds other numbers than unsigned bytes or another
            number of dimensions, more than `LIMIT` bytes, or fewer or more than its header says.

    Example:
        >>> read_idx(b"\\0\\0\\x08\\x01" + b"\\0\\0\\0\\x03" + b"\\x07\\x02\\x01", "labels", 1)
        array([7, 2, 1], dtype=uint8)
    """
    try:
        with open(content, "rb") if isinstance(content, Path) else io.BytesIO(content) as handle:
            packed = handle.read(2) == GZIP
            handle.seek(0)
            # Of a plain file its size is known before anything is read.
            size = None if packed else handle.seek(0, io.SEEK_END)
            handle.seek(0)
            with gzip.GzipFile(fileobj=handle) if packed else nullcontext(handle) as plain:
                return _array(cast(BinaryIO, plain), size, file, dimensions)
    except (OSError, EOFError, zlib.error) as error:
        raise refusal(file, f"it cannot be read ({error}); copy or fetch it again.") from error


def _array(handle: BinaryIO, size: int | None, file: str, dimensions: int) -> np.ndarray:
    import numpy as np

    shape = _shape(handle, file, dimensions)
    count, head = math.prod(shape), 4 + 4 * len(shape)
    sizes = " x ".join(f"{n:,}" for n in shape)
    if size is not None and size != head + count:
        raise _not_as_long(file, sizes, count, size - head)
    if count > LIMIT:
        raise refusal(
            file, f"its header says {sizes}, more than the {LIMIT:,} bytes allowed: refused."
        )
    # One byte more shows where it does not end; an end that is reached checks gzip's checksum.
    data = _up_to(handle, count + 1)
    if len(data) != count:
        raise _not_as_long(file, sizes, count, len(data))
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _shape(handle: BinaryIO, file: str, dimensions: int) -> tuple[int, ...]:
    magic = handle.read(4)
    if len(magic) != 4 or magic[:2] != b"\0\0":
        raise refusal(file, "it is not an IDX file: those begin with two zero bytes.")
    if magic[2] != BYTES:
        raise refusal(
            file,
            f"its numbers have the code 0x{magic[2]:02x}, and only unsigned bytes (0x08) are "
            "read; write them as bytes.",
        )
    if magic[3] != dimensions:
        raise refusal(
            file,
            f"its array has {magic[3]} dimensions where {dimensions} are wanted: images have "
            "3 (number, height, width), labels have 1.",
        )
    sizes = handle.read(4 * dimensions)
    if len(sizes) != 4 * dimensions:
        raise refusal(file, "it ends within its header; copy or fetch it again.")
    return tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4))


def _up_to(handle: BinaryIO, count: int) -> bytearray:
    data = bytearray()
    while len(data) < count and (block := handle.read(min(_BLOCK, count - len(data)))):
        data += block
    return data


def _not_as_long(file: str, sizes: str, count: int, found: int) -> Exception:
    more = "or more " if found > count else ""
    return refusal(
        file,
        f"its header says {sizes}, which is {count:,} bytes, but {found:,} {more}follow it; "
        "copy or fetch it again.",
    )
