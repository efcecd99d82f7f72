"""The ends of an interval on a column, in a model's numbers."""

from __future__ import annotations

import math

import numpy as np

from pushforward.schema import Column
from pushforward.schema.writing import write_cells
from pushforward.transforms.columns import Limit

NEAR = 1e-6  # of a step: a bound so near to a cell is that cell
HALF = 0.5 - 1e-6  # of a step: what is rounded to a value lies within that distance of it


def unturned(column: Column) -> Column:
    """A column by which a bound is read: where it is written, without the turns of a period.

    Example:
        >>> unturned(Column(name="ra", kind="periodic", lower=0, period=360)).kind
        'real'
    """
    if column.kind != "periodic":
        return column
    return Column(name=column.name, kind="real", format=column.format, step=column.step)


def end(value: float, column: Column, up: bool, strict: bool = False) -> float:
    """The first code (`up`) or the last one that a bound allows.

    Args:
        value: of the bound, as `read_cells` gives it; between two cells too.
        column: its column. Bounds of numbers that are rounded speak of the rounded ones.
        up: is it a lower bound?
        strict: is the bound itself left out?

    Example:
        >>> end(6.5, Column(name="n", kind="integer"), up=True)
        7.0
        >>> round(end(0.12, Column(name="x", kind="real", step=0.01), up=True), 4)
        0.115
    """
    towards = math.inf if up else -math.inf
    step = 1.0 if column.cells or column.kind == "datetime" else column.step
    if step is None:
        return math.nextafter(value, towards) if strict else value
    steps = value / step
    if abs(steps - round(steps)) < NEAR:
        steps = round(steps) + (0 if not strict else 1 if up else -1)
    else:
        steps = math.ceil(steps) if up else math.floor(steps)
    return float(steps if column.cells else (steps - HALF if up else steps + HALF) * step)


def between(value: float, column: Column) -> str:
    """The two cells that a value off the steps of a column lies between, for a sentence.

    Args:
        value: as `read_cells` gives it.

    Example:
        >>> between(3.3, Column(name="x", kind="rounded", step=0.5))
        'the nearest are 1.5 and 2'
    """
    unit = 1.0 if column.cells or column.kind == "datetime" else column.unit
    low = math.floor(value / unit)
    cells = write_cells(np.array([low, low + 1]) * unit, column)
    first, last = (f"{c:.15g}" if isinstance(c, float) else str(c) for c in cells.to_pylist())
    return f"the nearest are {first} and {last}" if first != last else f"the nearest is {first}"


def support(column: Column) -> tuple[float, float]:
    """The least and the greatest code of a column of numbers; infinite where it has no end.

    Example:
        >>> support(Column(name="n", kind="integer", lower=0))
        (0, inf)
    """
    spec = column.spec()
    least = -math.inf if spec["lower"] is None else spec["lower"]
    return least, math.inf if spec["upper"] is None else spec["upper"]


def narrowed(low: float, high: float, column: Column) -> Limit | float | None:
    """An interval that meets a column's support, within it; one value; None where it is no limit.

    Example:
        >>> narrowed(-5.0, 3.0, Column(name="n", kind="integer", lower=0))
        Limit(low=0, high=3.0, codes=())
        >>> narrowed(-5.0, math.inf, Column(name="n", kind="integer", lower=0)) is None
        True
    """
    least, most = support(column)
    if low <= least and high >= most:
        return None
    low, high = max(low, least), min(high, most)
    return float(low) if low == high else Limit(low, high)
