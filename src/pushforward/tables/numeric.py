"""From a column's cells to float64, and the first cell that is no usable number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.tables.dialect import NUMBERS
from pushforward.tables.words import excerpt

LARGEST = 1e30  # up to here flows keep finite densities and gradients
EXACT = 2**53  # up to here every integer is a float64
_INFINITE = {"inf", "infinity"}  # Arrow reads them, and so does the slower way


def is_numeric(kind: pa.DataType) -> bool:
    """Can a Parquet column of this type be read as numbers? (integers, floats, decimals, booleans)

    Example:
        >>> is_numeric(pa.int8()), is_numeric(pa.bool_()), is_numeric(pa.string())
        (True, True, False)
    """
    if pa.types.is_dictionary(kind):
        return is_numeric(kind.value_type)
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
            pa.types.is_boolean,
            pa.types.is_null,
        )
    )


def from_typed(cells: pa.Array) -> np.ndarray:
    """float64 (n,) from a numeric Arrow array; null is NaN, booleans are 0 and 1."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.uint8())
    return pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def from_text(cells: pa.Array, decimal: str) -> np.ndarray:
    """float64 (n,) from text; a cell that is no number is NaN.

    Example:
        >>> from_text(pa.array([" 1,5", "+2", "1.234"]), decimal=",")
        array([1.5, 2. , nan])
    """
    cells = pc.utf8_trim_whitespace(cells)
    plain = cells
    if decimal == ",":  # a point has no meaning there: make sure that it is not read as one
        plain = pc.replace_substring(pc.replace_substring(cells, ".", "?"), ",", ".")
    try:
        return pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # some cell is no number, and Arrow does not say which
        return np.array([_number(cell, decimal) for cell in cells.to_pylist()], dtype=np.float64)


def _number(cell: str | None, decimal: str) -> float:
    if cell is not None and NUMBERS[decimal].fullmatch(cell):
        return float(cell.replace(decimal, "."))
    return np.inf if cell and cell.lower().lstrip("+-") in _INFINITE else np.nan


def first_unusable(values: np.ndarray, cells: pa.Array) -> int | None:
    """The index of the first cell that a density cannot be fitted to, or None.

    Unusable are: no number, infinite, beyond 1e30, and an integer that float64 would round.
    """
    size = np.abs(values)
    wrong = ~(size <= LARGEST)
    large = np.flatnonzero(size >= EXACT)
    if len(large):
        for i, cell in zip(large, cells.take(pa.array(large)).to_pylist(), strict=True):
            wrong[i] = wrong[i] or _is_rounded(cell, values[i])
    return int(wrong.argmax()) if wrong.any() else None


def _is_rounded(cell: object, value: float) -> bool:
    """Is the cell an integer that differs from its float64?"""
    if isinstance(cell, str):
        digits = cell.strip()
        return digits.lstrip("+-").isdigit() and int(digits) != int(value)
    return isinstance(cell, int) and cell != int(value)


def reason(cell: object, value: float, decimal: str | None) -> str:
    """What is wrong with an unusable cell, and what to do.

    Example:
        >>> reason("1e300", 1e300, ".")
        "holds '1e300', which is beyond ±1e30; rescale the column or leave out the row"
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return "is empty; fill it in, or leave out the row or the column"
    if np.isnan(value):
        what = f"holds {excerpt(cell)}, which is not a number"
        if _mark_differs(cell, decimal):
            what += f" (decimals are written with '{decimal}' here)"
        return f"{what}; mend it or leave out the column"
    if np.isinf(value) and not any(c.isdigit() for c in str(cell)):  # 1e400 is big, not infinite
        return f"holds {excerpt(cell)}, which is infinite; mend it or leave out the row"
    if abs(value) > LARGEST:
        what = f"holds {excerpt(cell)}, which is beyond ±1e30"
        return f"{what}; rescale the column or leave out the row"
    return (
        f"holds {excerpt(cell)}, an integer beyond 2^53 that float64 would round; "
        "leave out the column if it is an identifier, or write it as a decimal"
    )


def _mark_differs(cell: object, decimal: str | None) -> bool:
    """Would the cell be a number if the file used the other decimal mark?"""
    other = {".": ",", ",": "."}.get(decimal or "")
    return other is not None and NUMBERS[other].fullmatch(str(cell).strip()) is not None
