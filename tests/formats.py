"""Files of images and arrays, written byte by byte, so that they can be wrong in any way."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def idx(array: np.ndarray, *, sizes: tuple[int, ...] | None = None, code: int = 8) -> bytes:
    """The array as IDX; `sizes` and `code` are what the header says instead of the truth."""
    sizes = array.shape if sizes is None else sizes
    head = bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    return head + array.tobytes()


def png(width: int, height: int, *, color: int = 0, depth: int = 8, data: bytes = b"") -> bytes:
    """A PNG file of any size that it may claim, with `data` for its rows."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"
DTYPE = b"cnumpy\ndtype\n"


def string(content: bytes) -> bytes:
    short = b"U" + bytes([len(content) % 256])
    return (short if len(content) < 256 else b"T" + struct.pack("<I", len(content))) + content


def whole(n: int) -> bytes:
    return b"J" + struct.pack("<i", n)


def array(
    values: np.ndarray,
    *,
    shape: tuple[int, ...] | None = None,
    order: bytes = b"<",
    code: bytes | None = None,
    raw: bytes | None = None,
    fortran: bytes = b"\x89",
) -> bytes:
    """The instructions that Python 2 writes for an array; any part of them may be a lie."""
    code = values.dtype.str[1:].encode() if code is None else code
    kind = DTYPE + string(code) + whole(0) + whole(1) + b"\x87R"
    kind += b"(" + whole(3) + string(order) + b"NNN" + whole(-1) * 2 + whole(0) + b"tb"
    sizes = b"(" + b"".join(map(whole, values.shape if shape is None else shape)) + b"t"
    blank = RECONSTRUCT + NDARRAY + whole(0) + b"\x85" + string(b"b") + b"\x87R"
    content = string(values.tobytes() if raw is None else raw)
    return blank + b"(" + whole(1) + sizes + kind + fortran + content + b"tb"


def program(*instructions: bytes) -> bytes:
    return b"\x80\x02" + b"".join(instructions) + b"."
