"""Published comma-separated files, read strictly."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def parse(
    data: bytes,
    file: str,
    columns: Sequence[str],
    text: Sequence[str] = (),
    header: bool = True,
) -> pa.Table:
    """The columns of a comma-separated file: float64, and strings for those named in `text`.

    Args:
        data: the file's content (UTF-8).
        file: its name, for the error.
        columns: the columns wanted, found by name in the header; without one, all of the file's.
        text: those of `columns` that are not numbers.
        header: whether the first line holds names.

    Raises:
        DataError: a cell that should be a number is not, is empty, or a row or column is missing.

    Example:
        >>> parse(b"a,b\\n1,x\\n2,y\\n", "small.csv", ["b", "a"], text=["b"]).to_pylist()
        [{'b': 'x', 'a': 1.0}, {'b': 'y', 'a': 2.0}]
    """
    import pyarrow as pa
    from pyarrow import csv

    types = {name: pa.string() if name in text else pa.float64() for name in columns}
    names = None if header else list(columns)
    try:
        return csv.read_csv(
            io.BytesIO(data),
            csv.ReadOptions(column_names=names),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=list(columns),
                null_values=[],  # an empty cell is an error, not a missing value
            ),
        )
    except pa.ArrowException as error:
        raise DataError(f"{file} is not the table it should be: {error}") from error
