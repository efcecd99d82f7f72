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
    whole: Sequence[str] = (),
    times: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> pa.Table:
    """The columns of a comma-separated file: float64, unless they are named as something else.

    Args:
        data: the file's content (UTF-8).
        file: its name, for the error.
        columns: the columns wanted, found by name in the header; without one, all of the file's.
        text: those of `columns` that hold strings.
        header: whether the first line holds names.
        whole: those that hold whole numbers, int64.
        times: those that hold moments with their offset from UTC (ISO 8601): timestamps in
            seconds, UTC.
        missing: what a cell says where nothing is known, in any column: null.

    Raises:
        DataError: a cell is not of its column's type, or a row or column is missing. An empty cell
            is no number, unless it is among `missing`.

    Example:
        >>> parse(b"a,b\\n1,x\\n2,y\\n", "small.csv", ["b", "a"], text=["b"]).to_pylist()
        [{'b': 'x', 'a': 1.0}, {'b': 'y', 'a': 2.0}]
        >>> parse(b"a\\n1\\nNA\\n", "small.csv", ["a"], whole=["a"], missing=["NA"]).to_pylist()
        [{'a': 1}, {'a': None}]
    """
    import pyarrow as pa
    from pyarrow import csv

    types = dict.fromkeys(columns, pa.float64())
    types |= dict.fromkeys(text, pa.string()) | dict.fromkeys(whole, pa.int64())
    types |= dict.fromkeys(times, pa.timestamp("s", tz="UTC"))
    names = None if header else list(columns)
    try:
        return csv.read_csv(
            io.BytesIO(data),
            csv.ReadOptions(column_names=names),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=list(columns),
                null_values=list(missing),  # else an empty cell is an error
                strings_can_be_null=bool(missing),
            ),
        )
    except pa.ArrowException as error:
        raise DataError(f"{file} is not the table it should be: {error}") from error
