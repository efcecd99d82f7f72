"""Cut diamonds: weight, proportions, size, price, and three graded categories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets import delimited
from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package
from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER = "plotnine/data/diamonds.csv"
COLUMNS = ("carat", "cut", "color", "clarity", "depth", "table", "price", "x", "y", "z")
GRADES = {  # as ggplot2 orders them: cut and clarity from the worst, color from the best
    "cut": ("Fair", "Good", "Very Good", "Premium", "Ideal"),
    "color": ("D", "E", "F", "G", "H", "I", "J"),
    "clarity": ("I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"),
}
CATEGORIES = tuple(GRADES)


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


def read_graded(package: Path) -> pa.Table:
    """The same rows with their own types: price whole, the grades ordered categories.

    Raises:
        DataError: as `read` and `graded`.
    """
    return graded(read(package))


def graded(table: pa.Table) -> pa.Table:
    """The columns of `parse` with price as int64 and the grades as ordered dictionaries.

    Raises:
        DataError: a grade that is not among `GRADES`, or a price that is not whole.

    Example:
        >>> head = b"carat,cut,color,clarity,depth,table,price,x,y,z\\n"
        >>> table = parse(head + b'0.23,"Ideal","E","SI2",61.5,55,326,3.95,3.98,2.43\\n')
        >>> cut = graded(table).column("cut")
        >>> cut.type.ordered, cut.chunk(0).indices.to_pylist()
        (True, [4])
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, grades in GRADES.items():
        codes = pc.index_in(table[name].combine_chunks(), value_set=pa.array(grades))
        if codes.null_count:
            odd = table[name].filter(pc.is_null(codes))[0].as_py()
            raise DataError(f"{MEMBER} has the {name} {odd!r}; known are {', '.join(grades)}.")
        column = pa.DictionaryArray.from_arrays(
            codes.cast(pa.int8()), pa.array(grades), ordered=True
        )
        table = table.set_column(table.column_names.index(name), name, column)
    try:
        price = table["price"].cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise DataError(f"{MEMBER} has a price that is not whole: {error}") from error
    return table.set_column(table.column_names.index("price"), "price", price)


_PACKAGE = Package(
    client="pip",
    name="plotnine",
    version="0.15.9",
    filename="plotnine-0.15.9-py3-none-any.whl",
    sha256="36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
)
_ABOUT = (
    "weight in carat, depth and table in percent, price in dollars, size x, y, z in mm, "
    "and the graded categories cut, color, clarity"
)


def _entry(name: str, summary: str, reader: Callable[[Path], pa.Table]) -> Dataset:
    return Dataset(
        name=name,
        summary=f"{summary} 20 rows have an impossible size of zero.",
        licence="MIT",
        rows=53_940,
        columns=COLUMNS,
        reader=reader,
        package=_PACKAGE,
        categories=CATEGORIES,
        credit="Wickham, ggplot2",
    )


ENTRIES = (
    _entry("diamonds", f"Cut diamonds: {_ABOUT} as text.", read),
    _entry(
        "diamonds_graded",
        f"Cut diamonds with their grades in order: {_ABOUT} as ordered categories; the price is a "
        "whole number.",
        read_graded,
    ),
)
