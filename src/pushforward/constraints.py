"""Where a transform's numbers may lie: intervals of the real line, one for all coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Interval:
    """The open interval (low, high), or closed where `closed`; the real line by default.

    Example:
        >>> import torch
        >>> positive.contains(torch.tensor([-1.0, 0.0, 2.0])).tolist()
        [False, False, True]
        >>> unit.within(real), real.within(unit)
        (True, False)
    """

    low: float = -math.inf
    high: float = math.inf
    closed: bool = False

    def contains(self, x: Tensor) -> Tensor:
        """Element by element: is x in the interval? (shape of x, bool)"""
        if self.closed:
            return (x >= self.low) & (x <= self.high)
        return (x > self.low) & (x < self.high)

    def within(self, other: Interval) -> bool:
        """Is every point of this interval (up to its edges) a point of `other`?"""
        return self.low >= other.low and self.high <= other.high

    def __str__(self) -> str:
        if self == real:
            return "the real line"
        left, right = ("[", "]") if self.closed else ("(", ")")
        return f"{left}{self.low:g}, {self.high:g}{right}"


real = Interval()
positive = Interval(0.0, math.inf)
unit = Interval(0.0, 1.0)
biunit = Interval(-1.0, 1.0)
