"""Medians with their spread."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any


def summary(seconds: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles, least and count of some times, seconds.

    Example:
        >>> summary([1.0, 3.0, 2.0])["median"]
        2.0
    """
    quartiles = (
        statistics.quantiles(seconds, n=4, method="inclusive")
        if len(seconds) > 1
        else [seconds[0]] * 3
    )
    return {
        "median": statistics.median(seconds),
        "q1": quartiles[0],
        "q3": quartiles[2],
        "least": min(seconds),
        "count": len(seconds),
    }
