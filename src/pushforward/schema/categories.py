"""Categories and their codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.column import Column
from pushforward.schema.dtypes import named_type
from pushforward.schema.kinds import OTHER
from pushforward.schema.na import is_text


def category_codes(cells: pa.Array, column: Column) -> tuple[np.ndarray, np.ndarray]:
    """Codes 0, 1, … (float64, k) of cells (k), NaN where null; and which are none of the levels.

    Of a boolean column, upper and lower case are alike. A level that is not known has the last code
    where there is room kept for it; else NaN.

    Example:
        >>> cut = Column(name="cut", kind="category", levels=["Fair", "Good"], dtype="string")
        >>> category_codes(pa.array(["Good", None, "good"]), cut)
        (array([ 1., nan, nan]), array([False, False,  True]))
    """
    texts = _spelled(cells, column)
    levels = pa.array(column.levels, pa.string())
    found = pc.index_in(texts, value_set=levels)
    if column.kind == "boolean":  # YES says the same as yes
        lower = pc.index_in(pc.utf8_lower(texts), value_set=pc.utf8_lower(levels))
        found = pc.coalesce(found, lower)
    codes = pc.cast(found, pa.float64()).to_numpy(zero_copy_only=False)
    unknown = pc.and_(pc.is_valid(texts), pc.is_null(found)).to_numpy(zero_copy_only=False)
    codes = np.where(np.isnan(codes), np.nan, codes)
    if column.reserve is not None and column.levels is not None:
        codes[unknown] = len(column.levels)
        unknown = np.zeros_like(unknown)
    return codes, unknown


def _spelled(cells: pa.Array, column: Column) -> pa.Array:
    """Cells as their levels are spelled: a whole number of a float column has no decimals."""
    texts = pc.cast(cells, pa.string())
    if column.kind == "boolean" and pa.types.is_boolean(cells.type):
        low, high = column.levels or ["", ""]
        return pc.if_else(cells, high, low)
    return texts


def category_cells(codes: np.ndarray, column: Column) -> pa.Array:
    """Cells (n) in the column's dtype, of codes (n); null where NaN.

    An unseen level comes back as "(other)", or as null where the dtype is not text.

    Example:
        >>> cut = Column(name="cut", kind="category", levels=["Fair"], dtype="string", reserve=0.1)
        >>> category_cells(np.array([0, np.nan, 1]), cut).to_pylist()
        ['Fair', None, '(other)']
    """
    levels, kind = list(column.levels or []), named_type(column.dtype)
    size = len(levels) + (column.reserve is not None)
    place = np.clip(np.nan_to_num(np.round(codes)), 0, size - 1).astype(np.int32)
    where = pa.array(place, pa.int32(), mask=np.isnan(codes))
    coded = pa.types.is_dictionary(kind)
    value = kind.value_type if coded else kind
    texts, textual = pa.array(levels, pa.string()), is_text(value)
    if textual:  # cast at the end: Arrow cannot take from a view of strings
        words = texts
    elif pa.types.is_boolean(value) and column.kind == "boolean":
        words = pa.array([k == 1 for k in range(len(levels))], pa.bool_())
    else:
        words = pc.cast(texts, value)
    if column.reserve is not None:
        words = pa.concat_arrays([words, pa.array([OTHER if textual else None], words.type)])
    if not coded:
        return pc.cast(_taken(words, where), kind)
    words = pc.cast(words, value)
    return pa.DictionaryArray.from_arrays(where, words, ordered=column.kind == "ordered")


def _taken(words: pa.Array, where: pa.Array) -> pa.Array:
    """`words` at these places; Arrow cannot take views of text."""
    if not pa.types.is_string_view(words.type):
        return words.take(where)
    return pc.cast(pc.cast(words, pa.string()).take(where), words.type)
