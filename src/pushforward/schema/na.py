"""Cells that say that they are missing: nulls, NaN, and the usual spellings."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

NA = ("", "NA", "N/A", "NaN", "null", "None", "-", "?", "#N/A", "missing")


def is_text(kind: pa.DataType) -> bool:
    """Is this the type of a column of text?

    Example:
        >>> is_text(pa.large_string()), is_text(pa.int8())
        (True, False)
    """
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def present(cells: pa.Array, na: Sequence[str] = NA) -> pa.Array:
    """Cells without their missing ones: those become null; text loses the blanks around it.

    Args:
        cells: (n) of any type; a dictionary is decoded.
        na: spellings of a missing cell, upper and lower case alike; they are looked for in text.

    Returns:
        The cells (n): text as Arrow's string, others in their own type, NaN as null.

    Example:
        >>> present(pa.array([" red", "n/a", ""])).to_pylist()
        ['red', None, None]
        >>> present(pa.array([1.0, float("nan")])).to_pylist()
        [1.0, None]
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_floating(cells.type):
        return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    if not is_text(cells.type):
        return cells
    trimmed = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    spellings = pa.array(sorted({word.strip().lower() for word in na}), pa.string())
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=spellings)
    return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)


def distinct(cells: pa.Array, na: Sequence[str] = NA) -> tuple[pa.Array, pa.Array]:
    """The different cells (k), missing ones as null, and for each cell (n) which of them it is.

    Text is looked at once for each spelling, not once for each row.

    Example:
        >>> values, which = distinct(pa.array(["b", "a ", "b", "NA"]))
        >>> values.to_pylist(), which.to_pylist()
        (['b', 'a', None], [0, 1, 0, 2])
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    coded = cells.dictionary_encode(null_encoding="encode")
    return present(coded.dictionary, na), coded.indices
