"""Columns that go round: angles, directions, hours of a day. Told by name and range together."""

from __future__ import annotations

import re
from math import pi, tau

import numpy as np

from pushforward.schema.remarks import Remarks

_ANGLE = "ra|angle|direction|dir|heading|bearing|azimuth|azimut|longitude|lon|lng|phase|theta|phi"
_HOUR = "hour|hours|hourofday|time"
_RANGES = ((0.0, 360.0), (-180.0, 360.0), (0.0, tau), (-pi, tau))
FULL = 0.5  # a range of less than half the period needs no circle


def turn(name: str, low: float, high: float) -> tuple[float, float] | None:
    """Start and period of a column that goes round; None where name or range speak against it.

    Example:
        >>> turn("ra", 0.01, 359.2), turn("ra", 10.0, 12.0), turn("weight", 0.0, 359.0)
        ((0.0, 360.0), None, None)
    """
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    ranges = _RANGES if words & set(_ANGLE.split("|")) else ()
    if words & set(_HOUR.split("|")):
        ranges = (*ranges, (0.0, 24.0))
    for start, period in sorted(ranges, key=lambda pair: pair[1]):
        if start <= low and high < start + period and high - low > FULL * period:
            return start, period
    return None


def ask_of_turns(name: str, low: float, high: float, remarks: Remarks) -> None:
    """Ask whether rounded numbers go round; 360 may stand beside 0 there."""
    around = turn(name, low, high) or turn(name, low, high - 1e-9)
    if around is not None:
        remarks.ask(
            name,
            f"may go round after {around[1]:g}: it is taken as rounded numbers; if so, make it "
            f"periodic with lower {around[0]:g} and period {around[1]:g}.",
        )


def wrapped(values: np.ndarray, low: float, period: float) -> np.ndarray:
    """Values (n) turned into [low, low + period); those that are there keep all their digits.

    Example:
        >>> wrapped(np.array([361.0, 0.1, 360.0]), 0.0, 360.0)
        array([1. , 0.1, 0. ])
    """
    with np.errstate(invalid="ignore"):
        there = (values >= low) & (values < low + period)
        return np.where(there, values, low + (values - low) % period)
