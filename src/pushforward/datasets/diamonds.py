"""Cut diamonds: weight, proportions, size, price, and three graded categories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets import delimited
from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER = "plotnine/data/diamonds.csv"
COLUMNS = ("carat", "cut", "color", "clarity", "depth", "table", "price", "x", "y", "z")
CATEGORIES = ("cut", "color", "clarity")


def read(package: Path) -> pa.Table:
    """The diamonds in the package file `package`; raises `DataError` where it is not as it should.

    Source: PyPI plotnine, MIT.
    """
    return parse(read_member(package, MEMBER))


def parse(data: bytes) -> pa.Table:
    """The rows of `diamonds.csv`: seven columns as float64, three as text.

    Raises:
        DataError: a column is missing, or a cell of the seven is not a number.

    Example:
        >>> head = b"carat,cut,color,clarity,depth,table,price,x,y,z\\n"
        >>> parse(head + b'0.23,"Ideal","E","SI2",61.5,55,326,3.95,3.98,2.43\\n').to_pylist()[0]
        ... # doctest: +ELLIPSIS
        {'carat': 0.23, 'cut': 'Ideal', 'color': 'E', 'clarity': 'SI2', 'depth': 61.5, ...}
    """
    return delimited.parse(data, MEMBER, COLUMNS, text=CATEGORIES)


ENTRIES = (
    Dataset(
        name="diamonds",
        summary=(
            "Cut diamonds: weight in carat, depth and table in percent, price in dollars, size "
            "x, y, z in mm, and the graded categories cut, color, clarity as text. 20 rows have "
            "an impossible size of zero."
        ),
        licence="MIT",
        rows=53_940,
        columns=COLUMNS,
        reader=read,
        package=Package(
            client="pip",
            name="plotnine",
            version="0.15.9",
            filename="plotnine-0.15.9-py3-none-any.whl",
            sha256="36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
        ),
        categories=CATEGORIES,
        credit="Wickham, ggplot2",
    ),
)
