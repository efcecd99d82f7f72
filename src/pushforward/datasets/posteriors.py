"""Reference posteriors of sbibm, a benchmark of simulation-based inference.

Each task is a simulator with a prior, and for each of its observations the package holds 10,000
draws of the exact posterior: samples of a density that is known to be hard, and drawn without
error. Here are those of the first observation.
"""

from __future__ import annotations

import bz2
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets import delimited
from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package
from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

LIMIT = 16 << 20  # bytes; the largest table here has half a million
_PACKAGE = Package(
    client="pip",
    name="sbibm",
    version="1.1.0",
    filename="sbibm-1.1.0-py2.py3-none-any.whl",
    sha256="12ecc6b4d327b92f9225f08faa6405e4274fb8e75943d86a53157d1b1bcfaf74",
)


def member(task: str) -> str:
    """The file of the first observation's reference posterior, inside the package."""
    folder = f"sbibm/tasks/{task}/files/num_observation_1"
    return f"{folder}/reference_posterior_samples.csv.bz2"


def read(package: Path, task: str, columns: tuple[str, ...]) -> pa.Table:
    """The reference posterior of `task` in the package file `package`, as float64.

    Source: PyPI sbibm, MIT.

    Raises:
        DataError: the package does not hold the task, or not with these columns.
    """
    name = member(task)
    return delimited.parse(unpack(read_member(package, name), name), name, columns)


def unpack(data: bytes, name: str, limit: int = LIMIT) -> bytes:
    """The content of a bzip2 file.

    Args:
        data: the file's content.
        name: the file's name, for the error.
        limit: the most bytes to take.

    Raises:
        DataError: it is damaged or cut short, or unpacks to more than `limit`.

    Example:
        >>> unpack(bz2.compress(b"a,b"), "small.csv.bz2")
        b'a,b'
    """
    reader = bz2.BZ2Decompressor()
    try:
        content = reader.decompress(data, limit + 1)
    except OSError as error:
        raise DataError(f"{name} is damaged ({error}); fetch it again.") from error
    if len(content) > limit:
        raise DataError(f"{name} unpacks to more than the {limit:,} bytes allowed: refused.")
    if not reader.eof or reader.unused_data:
        raise DataError(f"{name} is damaged (it does not end where it should); fetch it again.")
    return content


def _entry(task: str, count: int, summary: str) -> Dataset:
    columns = tuple(f"parameter_{j}" for j in range(1, count + 1))
    return Dataset(
        name=task,
        summary=f"{summary} Draws of the exact posterior given the task's first observation.",
        licence="MIT",
        rows=10_000,
        columns=columns,
        reader=partial(read, task=task, columns=columns),
        package=_PACKAGE,
        credit="Lueckmann et al. (2021), Benchmarking simulation-based inference, AISTATS",
    )


ENTRIES = (
    _entry("two_moons", 2, "A posterior in the plane: two thin crescents."),
    _entry(
        "slcp",
        5,
        "Simple likelihood, complex posterior: five parameters in a cube, with four modes and "
        "sharp edges.",
    ),
    _entry("gaussian_mixture", 2, "A posterior in the plane: a narrow and a wide normal, joined."),
)
