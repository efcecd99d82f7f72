"""Columns that a model does not see, and that come back all the same."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.apostrophe import unguarded
from pushforward.schema.column import Column
from pushforward.schema.contradictions import EXACT, holds
from pushforward.schema.dtypes import inner_type, is_number, named_type
from pushforward.schema.na import distinct, is_text, present


def constant_cells(column: Column, rows: int) -> pa.Array:
    """The constant, `rows` times, in the column's dtype.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> constant_cells(year, 2).to_pylist()
        [2013, 2013]
    """
    text, kind = pa.array([column.value], pa.string()), named_type(column.dtype)
    cells = pa.repeat(pc.cast(text, inner_type(kind))[0], rows)
    return cells.dictionary_encode() if pa.types.is_dictionary(kind) else cells


def is_constant(cell: str, column: Column) -> bool:
    """Does a cell, as text, say the constant? In its dtype, or as a number of other spelling.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> is_constant("2013", year), is_constant("2013.0", year), is_constant("2014", year)
        (True, True, False)
    """
    value = str(column.value)
    if cell == value:
        return True
    kind = inner_type(named_type(column.dtype))
    number = is_number(kind) and abs(float(value)) < EXACT  # beyond, two integers are one float
    kinds = [kind, pa.float64()] if number else [kind]
    pair = pa.array([cell, value], pa.string())
    return any(
        holds(cell, one) and pc.cast(pair, one)[0] == pc.cast(pair, one)[1]
        for one in kinds
        if not is_text(one)
    )


def first_other(cells: pa.Array, column: Column, na: Sequence[str]) -> int | None:
    """The first of some cells (n) that is neither missing nor the constant; None for none.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> first_other(pa.array([2013, None, 2014]), year, [])
        2
    """
    different, which = distinct(cells, na)
    texts = unguarded(pc.cast(different, pa.string()), [str(column.value)]).to_pylist()
    for k, text in enumerate(texts):  # in the order in which they came
        if text is not None and not is_constant(text, column):
            return int(pc.index(which, pa.scalar(k, which.type)).as_py())
    return None


def with_constant(cells: pa.Array, column: Column, na: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """Cells (n) whose missing ones are the constant, in their own type; and which those are.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> filled, gaps = with_constant(pa.array(["2013", "NA"]), year, ["NA"])
        >>> filled.to_pylist(), gaps.to_pylist()
        (['2013', '2013'], [False, True])
    """
    plain = cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells
    gaps = pc.is_null(present(cells, na))
    if not pc.any(gaps).as_py():
        return cells, gaps
    text = is_text(plain.type)
    value = pa.array([column.value], pa.string()) if text else constant_cells(column, 1)
    return pc.if_else(gaps, pc.cast(value, plain.type, safe=False)[0], plain), gaps


def empty_cells(column: Column, rows: int) -> pa.Array:
    """Nulls (rows) in the column's dtype.

    Example:
        >>> empty_cells(Column(name="n", kind="empty", dtype="int64"), 2).to_pylist()
        [None, None]
    """
    return pa.nulls(rows, named_type(column.dtype))
