"""What the numbers or dates of a column have in common, batch after batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.grid import FINER, STEPS, is_narrow, steps_of

LARGEST = 1e30  # up to here flows keep finite densities and gradients
TICKS = (86400, 3600, 60, 1)  # seconds: the steps that dates may have


@dataclass
class NumberFacts:
    """What all numbers of a column have in common.

    Attributes:
        low, high: the least and the greatest.
        steps, narrow_steps: those that every value lies on, as float64 or as float32.
        narrow: whether every value is a float32.
        whole: whether every value is a whole number.
        counting: whether each is the one before plus 1, so far.

    Example:
        >>> facts = NumberFacts()
        >>> facts.add(np.array([0.5, 1.25]), in_order=True)
        >>> facts.low, facts.high, facts.steps[0], facts.counting
        (0.5, 1.25, 0.25, False)
    """

    low: float = np.inf
    high: float = -np.inf
    steps: list[float] = field(default_factory=lambda: [*STEPS, *FINER])
    narrow_steps: list[float] = field(default_factory=lambda: [*STEPS, *FINER])
    narrow: bool = True
    whole: bool = True
    counting: bool = True
    last: float | None = None

    def add(self, values: np.ndarray, in_order: bool) -> None:
        """Take in the different numbers (k) of a batch; `in_order`: as its rows have them."""
        if not len(values):
            self.counting &= in_order
            return
        low, high = float(values.min()), float(values.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        values = values[np.abs(values) <= LARGEST]
        self.narrow = self.narrow and is_narrow(values)
        self.whole = self.whole and bool((values == np.round(values)).all())
        self.steps = steps_of(values, self.steps)
        if self.narrow:
            self.narrow_steps = steps_of(values, self.narrow_steps, width=4)
        if self.counting:
            before = values[:1] - 1 if self.last is None else np.array([self.last])
            self.counting = in_order and bool((np.diff(values, prepend=before) == 1).all())
            self.last = float(values[-1]) if len(values) else None


@dataclass
class DateFacts:
    """What all dates of a column have in common: microseconds since 1970, and their steps.

    Example:
        >>> facts = DateFacts()
        >>> facts.add(np.array([0, 7200]) * 10**6)
        >>> facts.high, facts.steps
        (7200000000, [3600, 60, 1])
    """

    low: int = 2**62
    high: int = -(2**62)
    steps: list[int] = field(default_factory=lambda: list(TICKS))
    first: int | None = None

    def add(self, moments: np.ndarray) -> None:
        """Take in the different moments (k) of a batch, int64."""
        if not len(moments):
            return
        self.first = int(moments[0]) if self.first is None else self.first
        self.low, self.high = min(self.low, int(moments.min())), max(self.high, int(moments.max()))
        away = moments - self.first
        self.steps = [step for step in self.steps if not (away % (step * 10**6)).any()]


def floats(cells: pa.Array) -> np.ndarray:
    """float64 (n) of typed numbers or booleans (n); null is NaN.

    Example:
        >>> floats(pa.array([1, None]))
        array([ 1., nan])
    """
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.uint8())
    return pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def moments(cells: pa.Array) -> np.ndarray:
    """Microseconds since 1970, int64 (n), of dates or timestamps (n); null is 0.

    Example:
        >>> moments(pa.array([1, None], pa.date32()))
        array([86400000000,           0])
    """
    zone = getattr(cells.type, "tz", None)
    stamps = pc.cast(cells, pa.timestamp("us", zone), safe=False)
    return pc.fill_null(pc.cast(stamps, pa.int64()), 0).to_numpy(zero_copy_only=False)
