"""The cells of one column to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.apostrophe import guarded, unguarded
from pushforward.schema.categories import category_codes
from pushforward.schema.clock import read_times
from pushforward.schema.column import Column
from pushforward.schema.date_format import date_patterns
from pushforward.schema.dates import SECOND, ahead, microseconds, read_dates
from pushforward.schema.dtypes import is_date, is_number
from pushforward.schema.facts import LARGEST, floats, moments
from pushforward.schema.grid import off_grid
from pushforward.schema.kinds import CATEGORIES
from pushforward.schema.na import distinct
from pushforward.schema.numbers import read_numbers
from pushforward.schema.pattern import Pattern, parse_pattern
from pushforward.schema.turns import wrapped


@dataclass(frozen=True)
class Read:
    """Cells of one column as numbers.

    Attributes:
        values: float64 (n), codes or numbers in the column's units; NaN where missing.
        outside: bool (n), where a cell is not in the column's support.
        missing: bool (n), where it is missing.
        unreadable: bool (n), where it is no number or date at all.
    """

    values: np.ndarray
    outside: np.ndarray
    missing: np.ndarray
    unreadable: np.ndarray


def read_cells(cells: pa.Array, column: Column, na: Sequence[str]) -> Read:
    """Cells (n) of a column as numbers; different cells are looked at once each.

    An apostrophe that `--excel-safe` has written before a cell is left out.

    Example:
        >>> price = Column(name="p", kind="rounded", step=0.5, dtype="float64", missing=True)
        >>> read_cells(pa.array(["1.5", "2.25", "NA", "x"]), price, ["NA"])
        Read(values=array([3. , 4.5, nan, nan]), outside=array([False,  True, False, False]), \
missing=array([False, False,  True, False]), unreadable=array([False, False, False,  True]))
    """
    different, which = distinct(cells, [*na, *guarded(pa.array(na, pa.string())).to_pylist()])
    if pa.types.is_string(different.type):
        different = unguarded(different, column.levels)
    own = {"datetime": _date, "time": _time}
    read = _category if column.kind in CATEGORIES else own.get(column.kind, _number)
    values, outside, unreadable = read(different, column)
    missing = pc.is_null(different).to_numpy(zero_copy_only=False)
    values = np.where(missing, np.nan, values)
    outside = np.where(missing, not column.missing, outside)
    place = which.to_numpy(zero_copy_only=False)
    return Read(values[place], outside[place], missing[place], (unreadable & ~missing)[place])


_Three = tuple[np.ndarray, np.ndarray, np.ndarray]  # values, outside, unreadable


def _category(cells: pa.Array, column: Column) -> _Three:
    codes, unknown = category_codes(cells, column)
    return codes, unknown, np.zeros(len(cells), dtype=bool)


def _date(cells: pa.Array, column: Column) -> _Three:
    wrong = np.zeros(len(cells), dtype=bool)
    if is_date(cells.type):
        since = moments(cells) + (ahead(column.format) if getattr(cells.type, "tz", None) else 0)
    elif pa.types.is_string(cells.type):
        guessed = [] if column.format else date_patterns(cells)
        form = column.format or (guessed[0] if guessed else "%Y-%m-%d")
        since, wrong = read_dates(cells, form, other_zones=True)
    else:
        since, wrong = np.zeros(len(cells), dtype=np.int64), ~wrong
    tick = column.unit * SECOND
    values = (since - microseconds(str(column.origin))) / tick
    return values, (_between_ticks(values, tick) & column.cells & ~wrong), wrong


def _time(cells: pa.Array, column: Column) -> _Three:
    if not pa.types.is_string(cells.type):
        return np.full(len(cells), np.nan), np.zeros(len(cells), bool), np.ones(len(cells), bool)
    seconds, wrong = read_times(cells)
    values = seconds / column.unit
    return values, (values != np.round(values)) & ~wrong, wrong


def _number(cells: pa.Array, column: Column) -> _Three:
    if is_number(cells.type) or pa.types.is_boolean(cells.type):
        values, wrong = floats(cells), np.zeros(len(cells), dtype=bool)
    elif pa.types.is_string(cells.type):
        values, wrong = read_numbers(cells, _pattern(column) or Pattern())
    else:
        values, wrong = np.full(len(cells), np.nan), np.ones(len(cells), dtype=bool)
    with np.errstate(invalid="ignore"):
        wrong = wrong | (np.abs(values) > LARGEST)
        values = np.where(wrong, np.nan, values)
        if column.kind == "periodic" and column.period is not None:
            around = wrapped(values, column.lower or 0.0, column.period)
            return around, np.zeros_like(wrong), wrong
        outside = beyond(values, column)
        if column.cells:
            width = 4 if pa.types.is_float32(cells.type) else _width(values)
            outside |= ~np.isnan(values) & off_grid(values, column.unit, column.start, width)
            values = (values - column.start) / column.unit
            values = np.where(outside, values, np.round(values))
    return values + 0.0, outside, wrong  # no minus zero


def _width(values: np.ndarray) -> int:
    """4 where float64 are but widened float32."""
    here = values[~np.isnan(values)]
    return 4 if len(here) and bool((here.astype(np.float32) == here).all()) else 8


def beyond(values: np.ndarray, column: Column) -> np.ndarray:
    """Which values (n), in the column's units, lie outside its bounds."""
    outside = np.zeros(len(values), dtype=bool)
    if column.kind == "positive":
        outside |= values <= 0
    if column.lower is not None:
        outside |= values < column.lower
    if column.upper is not None:
        outside |= values > column.upper
    return outside


def off_step(values: np.ndarray, column: Column) -> np.ndarray:
    """Which values (n) of a density, as `read_cells` gives them, lie between two of its steps.

    Example:
        >>> off_step(np.array([0.25, 0.3, np.nan]), Column(name="x", kind="real", step=0.25))
        array([False,  True, False])
    """
    here = ~np.isnan(values)
    if column.kind == "datetime":
        return here & _between_ticks(values, column.unit * SECOND)
    step = None if column.cells else column.step
    if step is None or (column.period and off_grid(np.array([column.period]), step)[0]):
        return np.zeros(len(values), dtype=bool)
    return here & off_grid(values, step, width=_width(values))


def _between_ticks(steps: np.ndarray, tick: float) -> np.ndarray:
    """Which numbers of steps (n), of so many microseconds each, are no whole ones."""
    return np.abs(steps - np.round(steps)) * tick > 0.5


def _pattern(column: Column) -> Pattern | None:
    return None if column.format is None else parse_pattern(column.format)
