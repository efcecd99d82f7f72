"""Numbers, as a model has them, to the cells of one column."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.categories import category_cells
from pushforward.schema.clock import write_times
from pushforward.schema.column import Column
from pushforward.schema.dates import SECOND, microseconds, write_dates
from pushforward.schema.dtypes import is_date, named_type
from pushforward.schema.kinds import CATEGORIES
from pushforward.schema.na import is_text
from pushforward.schema.numbers import write_numbers
from pushforward.schema.pattern import GENERAL, Pattern, parse_pattern
from pushforward.schema.turns import wrapped


def write_cells(values: np.ndarray, column: Column) -> pa.Array:
    """Cells (n) in the column's dtype and format, of values (n) as a model has them.

    Values are rounded to the column's step and kept inside its bounds; null where NaN.

    Example:
        >>> price = Column(name="p", kind="rounded", step=0.1, format="$0.00", dtype="string")
        >>> write_cells(np.array([3.0, np.nan]), price).to_pylist()
        ['$0.30', None]
    """
    if column.kind in CATEGORIES:
        return category_cells(values, column)
    if column.kind == "datetime":
        return _write_dates(values, column)
    if column.kind == "time":
        return _write_times(values, column)
    numbers, kind = _rounded(values, column), named_type(column.dtype)
    if column.format is not None or is_text(kind):
        pattern = parse_pattern(column.format) if column.format else Pattern(most=GENERAL)
        return pc.cast(write_numbers(numbers, pattern), kind if is_text(kind) else pa.string())
    array = pa.array(numbers, pa.float64(), mask=np.isnan(numbers))
    return array if kind == pa.float64() else _cast(array, kind)


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        return pc.cast(pc.round(array, kind.scale), kind, safe=False)
    if pa.types.is_integer(kind):
        info = np.iinfo(kind.to_pandas_dtype())
        low, high = (pa.scalar(float(end)) for end in (info.min, info.max))
        array = pc.round(
            pc.min_element_wise(
                pc.max_element_wise(array, low, skip_nulls=False), high, skip_nulls=False
            )
        )
    return pc.cast(array, kind, safe=False)


def _rounded(values: np.ndarray, column: Column) -> np.ndarray:
    """Numbers in the column's units: on its grid, inside its bounds, without stray digits."""
    numbers = np.asarray(values, dtype=np.float64)
    if column.cells:
        numbers = column.start + np.round(numbers) * column.unit
    elif column.step is not None:
        numbers = np.round(numbers / column.step) * column.step
    if column.step is not None:
        numbers = np.round(numbers, _decimals(column.step, column.start))
    if column.kind == "periodic" and column.period is not None:
        return wrapped(numbers, column.lower or 0.0, column.period)
    return np.clip(numbers, *_ends(column)) + 0.0  # no minus zero


def _ends(column: Column) -> tuple[float | None, float | None]:
    """The least and the greatest number of a column: of one with a step, on it."""
    low, high, step = column.floor, column.upper, column.step
    if column.cells or step is None:
        return low, high
    decimals = _decimals(step, 0.0)
    if low is not None:
        low = round(math.ceil(low / step - 1e-9) * step, decimals)
        low = step if column.kind == "positive" and low <= 0 else low
    return low, None if high is None else round(math.floor(high / step + 1e-9) * step, decimals)


def _decimals(step: float, start: float) -> int:
    """The decimals that a grid needs, 12 at most."""
    for count in range(12):
        if all(abs(round(part, count) - part) < 1e-9 * step for part in (step, start)):
            return count
    return 12


def _write_times(values: np.ndarray, column: Column) -> pa.Array:
    seconds = np.clip(np.round(values), 0, column.spec()["upper"]) * column.unit
    form = column.format or ("%H:%M:%S" if column.unit % 60 else "%H:%M")
    return pc.cast(write_times(seconds, form), named_type(column.dtype))


def _write_dates(values: np.ndarray, column: Column) -> pa.Array:
    tick, missing = column.unit * SECOND, np.isnan(values)
    steps = np.round(np.nan_to_num(values))
    since = microseconds(str(column.origin)) + np.round(steps * tick).astype(np.int64)
    kind = named_type(column.dtype)
    zone = getattr(kind, "tz", None)
    stamps = pa.array(since, pa.int64(), mask=missing).cast(pa.timestamp("us", zone))
    if is_date(kind):
        return pc.cast(stamps, kind, safe=False)
    default = "%Y-%m-%d" if tick % (86400 * SECOND) == 0 else "%Y-%m-%d %H:%M:%S"
    coded = pc.cast(stamps, pa.timestamp("us")).dictionary_encode()  # each date is written once
    texts = write_dates(coded.dictionary, column.format or default).take(coded.indices)
    return pc.cast(texts, kind)
