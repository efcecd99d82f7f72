"""Columns that a model does not see, and that come back all the same."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.column import Column
from pushforward.schema.dtypes import named_type


def constant_cells(column: Column, rows: int) -> pa.Array:
    """The constant, `rows` times, in the column's dtype; as text where it does not go into it.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> constant_cells(year, 2).to_pylist()
        [2013, 2013]
    """
    text, kind = pa.array([column.value], pa.string()), named_type(column.dtype)
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    try:
        cell = pc.cast(text, inner)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        cell = text
    cells = pa.repeat(cell[0], rows)
    return cells.dictionary_encode() if pa.types.is_dictionary(kind) else cells


def empty_cells(column: Column, rows: int) -> pa.Array:
    """Nulls (rows) in the column's dtype.

    Example:
        >>> empty_cells(Column(name="n", kind="empty", dtype="int64"), 2).to_pylist()
        [None, None]
    """
    return pa.nulls(rows, named_type(column.dtype))
