"""How much of a time budget is left."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Started when it is made.

    Attributes:
        budget: seconds; infinite where epochs are the limit.
    """

    budget: float = math.inf
    _started: float = field(default_factory=lambda: time.perf_counter())

    def elapsed(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._started

    def left(self) -> float:
        """Seconds of the budget that are left, 0 at least."""
        return max(self.budget - self.elapsed(), 0.0)

    def within(self, share: float) -> bool:
        """Is less than this share of the budget gone?"""
        return self.elapsed() < share * self.budget
