"""What a file may cost before it is trusted: every cap, and the readers that hold it.

A hash in a manifest says that a file is whole, not that it is meant well, so that these caps hold
whatever the hashes say. They are far above anything that the package writes itself. Whoever has a
larger model of their own raises all of them at once: `PUSHFORWARD_LIMIT_FACTOR=4` in the
environment makes each four times as large.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushforward.errors import ModelError, PushforwardError
from pushforward.text import visible

SWITCH = "PUSHFORWARD_LIMIT_FACTOR"
MIB = 1 << 20
MANIFEST = MIB // 16  # bytes: it holds two hashes
DOCUMENT = 16 * MIB  # bytes of a config or a schema: parsed JSON takes some twenty times as much
HISTORY = 64 * MIB  # bytes: some 400,000 epochs
HEADER = 8 * MIB  # bytes that name the tensors of a file: 20,000 take about 3 MiB
TENSORS = 20_000  # in a file: the largest stack that `fit` makes by itself has about a thousand
TENSOR = 512 * MIB  # bytes of one: 128 million numbers of float32
FILE = 2048 * MIB  # bytes of all: a checkpoint holds every weight five times


def raised(limit: int) -> int:
    """`limit` times the factor in the environment, by which a person raises every cap.

    Raises:
        ModelError: the factor is no number of at least 1.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict("os.environ", PUSHFORWARD_LIMIT_FACTOR="4"):
        ...     raised(100)
        400
    """
    told = os.environ.get(SWITCH, "1")
    try:
        factor = float(told)
        if not 1 <= factor <= MIB:
            raise ValueError
    except ValueError:
        raise ModelError(f"{SWITCH} is {told!r}, and must be a number from 1 to {MIB}.") from None
    return int(limit * factor)


def refuse_more(
    source: object, what: str, size: int, limit: int, error: type[PushforwardError] = ModelError
) -> None:
    """Raise `error` where `size` is beyond `limit`, as the environment has raised it.

    Example:
        >>> refuse_more("m/config.json", "bytes", 2_000, 1_000)
        Traceback (most recent call last):
        pushforward.errors.ModelError: m/config.json has 2,000 bytes, more than the 1,000 that are \
read from a file that may be anybody's; if it is your own, set PUSHFORWARD_LIMIT_FACTOR=2.
    """
    if size > (most := raised(limit)):
        raise error(
            f"{visible(source)} has {size:,} {what}, more than the {most:,} that are read from a "
            f"file that may be anybody's; if it is your own, set {SWITCH}={-(-size // limit)}."
        )


def read_bytes(path: Path, limit: int, error: type[PushforwardError] = ModelError) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        error: it is larger, or no file: a folder, a pipe, a device.
        OSError: it is not there, or may not be read.

    Example:
        >>> read_bytes(Path("/dev/zero"), 10)
        Traceback (most recent call last):
        pushforward.errors.ModelError: /dev/zero is no ordinary file; give one.
    """
    size = _size(path, error)
    refuse_more(path, "bytes", size, limit, error)
    with open(path, "rb") as file:
        return file.read(size)  # and no more, should it have grown since


def refuse_outside(path: Path) -> None:
    """Raise `ModelError` where `path` is a link to something outside its folder."""
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        raise ModelError(f"{visible(path)} is a link out of its folder; put the file itself there.")


def refuse_costly(path: Path) -> None:
    """Look at the first bytes of a safetensors file: its size and that of its header.

    Raises:
        ModelError: either is beyond its cap, or it is no ordinary file.
        OSError: it is not there, or may not be read.
    """
    size = _size(path, ModelError)
    refuse_more(path, "bytes", size, FILE)
    with open(path, "rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if header < size:  # else it is damaged, which safetensors says without reading on
        refuse_more(f"{path}: its header", "bytes", header, HEADER)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A safetensors file and its slices by name, once everything that it may cost is known.

    Raises:
        ModelError: one of the caps is passed.
        OSError, SafetensorError: it cannot be read, or is damaged.
    """
    from safetensors import safe_open

    refuse_costly(path)
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        refuse_more(path, "tensors", len(names), TENSORS)
        slices = {name: file.get_slice(name) for name in names}
        for name, part in slices.items():
            refuse_more(f"{path}: its tensor {name[:80]}", "bytes", _bytes(part), TENSOR)
        yield file, slices


def _bytes(part: Any) -> int:
    """Of a slice: at most eight for each number."""
    count = 8 if str(part.get_dtype()).endswith("64") else 4
    for length in part.get_shape():
        count *= length
    return count


def _size(path: Path, error: type[PushforwardError]) -> int:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise error(f"{visible(path)} is no ordinary file; give one.")
    return status.st_size
