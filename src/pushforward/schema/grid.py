"""Values that were rounded: the steps that they lie on, and how far a grid may be counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# The coarsest first. Below 1, halves and quarters need more evidence than tenths.
STEPS = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4)
FINER = (1e-5, 1e-6)
MOST_CELLS = 2**22  # codes below it are exact in float32, with room for a fraction
FEW = 10  # so many different values that all lie on quarters do not do so by chance
MOST_CONVERTED = 10_000  # steps of a unit that is guessed

_ULP = {8: 8 * np.finfo(np.float64).eps, 4: float(np.finfo(np.float32).eps)}


def off_grid(values: np.ndarray, step: float, origin: float = 0.0, width: int = 8) -> np.ndarray:
    """Which values (n) are not origin + a whole multiple of step, to rounding.

    Args:
        values: float64 (n).
        step, origin: of the grid, in the units of the values.
        width: the bytes of a value where it came from, 4 for float32: it tells their rounding.

    Example:
        >>> off_grid(np.array([0.1 + 0.2, 0.35, float(np.float32(0.1))]), 0.1)
        array([False,  True,  True])
        >>> off_grid(np.array([np.float32(0.1)], dtype=float), 0.1, width=4)
        array([False])
    """
    away = (values - origin) / step
    nearest = np.round(away)
    relative = np.maximum(1e-9 * np.minimum(1, np.abs(nearest)), 1e-14)  # 1e-12 is no zero
    slack = np.maximum(relative, _ULP[width] * np.abs(values) / step)
    return np.abs(away - nearest) > np.minimum(slack, 0.05)


def steps_of(values: np.ndarray, steps: Sequence[float], width: int = 8) -> list[float]:
    """Those steps that all values (n) lie on, in the order given.

    A step must be well above the rounding of the largest value: beyond 1e6, every float32 is
    nearly a whole number of hundredths.

    Example:
        >>> steps_of(np.array([0.5, 1.25, 3.0]), STEPS)[0]
        0.25
    """
    if not len(values):
        return list(steps)
    largest = np.abs(values).max()
    found = [
        step
        for step in steps
        if largest * _ULP[width] < step / 20 and (largest == 0 or largest > step / 2)
    ]
    for part in (values[:100], values[100:]):  # most steps fall by the first few
        kept: list[float] = []
        for step in found:
            implied = any(abs(k / step - round(k / step)) < 1e-9 for k in kept)
            if implied or not off_grid(part, step, width=width).any():
                kept.append(step)
        found = kept
    return found


def is_narrow(values: np.ndarray) -> bool:
    """Were these float64 once float32? Then their digits end there.

    Example:
        >>> is_narrow(np.array([0.1])), is_narrow(np.array([np.float32(0.1)], dtype=float))
        (False, True)
    """
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float32) == values).all())


def coarsest(steps: Sequence[float], different: int) -> float | None:
    """The step to take of those that fit: of few different values, a power of ten.

    Example:
        >>> coarsest([0.25, 0.05, 0.01], different=50), coarsest([0.25, 0.05, 0.01], different=4)
        (0.25, 0.01)
    """
    powers = [step for step in steps if abs(np.log10(step) - round(np.log10(step))) < 1e-9]
    found = steps if different >= FEW else powers
    return found[0] if found else None


def converted(values: np.ndarray, counts: np.ndarray) -> float | None:
    """The step of values that were whole numbers in another unit (knots, inches), or None.

    Args:
        values: the different values (k), sorted.
        counts: how often each came; where most came often, the step is the least gap.

    Example:
        >>> converted(np.arange(20) * 1.15078, np.full(20, 50))
        1.15078
    """
    if len(values) < FEW or 10 * len(values) > counts.sum():
        return None
    step = float(f"{np.diff(values).min():.12g}")
    span = (values[-1] - values[0]) / step
    return None if span > MOST_CONVERTED or off_grid(values, step).any() else step
