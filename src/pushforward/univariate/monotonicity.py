"""Does a function of one number rise, fall, or neither? Asked on a grid over its domain."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError

ROUNDING = 8.0  # units in the last place that a step between two neighbours must exceed
DYING = 1e3  # units: a function may go flat at an end of the grid if its steps had died away


def grid_over(domain: Interval) -> Tensor:
    """Points inside the domain, rising, of round numbers where it is unbounded."""
    low, high = domain.low, domain.high
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * torch.arange(1, 256, dtype=torch.float64) / 256
    near = torch.arange(1, 129, dtype=torch.float64) / 16
    far = torch.cat([near, 8 * 10 ** (torch.arange(1, 33, dtype=torch.float64) / 16)])
    if math.isfinite(low):
        return low + torch.cat([2.0 ** torch.arange(-20.0, -4.0, dtype=torch.float64), far])
    if math.isfinite(high):
        return high - grid_over(Interval(0.0)).flip(0)
    return torch.cat([-far.flip(0), torch.zeros(1, dtype=torch.float64), far])


def direction(name: str, domain: Interval, grid: Tensor, values: Tensor) -> int:
    """+1 for a rising function, -1 for a falling one.

    Args:
        name: what a sentence calls the function.
        domain: the interval that the grid covers.
        grid, values: rising points and the function there, each (n,).

    Raises:
        ConfigurationError: neither, or not a number somewhere, with the places where.

    Example:
        >>> from pushforward.constraints import real
        >>> grid = grid_over(real)
        >>> direction("minus", real, grid, -grid)
        -1
    """
    middle = grid[len(grid) // 2]
    if bool(values.isnan().any()):
        raise ConfigurationError(
            f"{name} is not a number at {grid[values.isnan()][0]:g}, which lies in its domain "
            f"({domain})."
        )
    kept = values.isfinite()
    grid, values = grid[kept], values[kept]
    size = torch.finfo(values.dtype).eps * torch.maximum(values[1:].abs(), values[:-1].abs())
    size = size + torch.finfo(values.dtype).tiny
    steps = values.diff() / size
    moves = torch.sign(steps) * (steps.abs() > ROUNDING)
    unit = 1.0 if math.isinf(domain.high - domain.low) else 0.25 * (domain.high - domain.low)

    def nearest(sign: int) -> float:
        """Where it rises or falls, about a unit from the middle: a place that speaks for itself."""
        places = grid[:-1][moves == sign] if sign < 0 else grid[1:][moves == sign]
        return places[((places - middle).abs() - unit).abs().argmin()].item()

    if bool((moves > 0).any() and (moves < 0).any()):
        raise ConfigurationError(
            f"{name} falls at {nearest(-1):g} and rises at {nearest(1):g} on {domain}: it is not "
            "monotone, so that no flow can go through it."
        )
    flat = _flat_stretch(moves, steps)
    if flat is not None:
        raise ConfigurationError(
            f"{name} is constant from {grid[flat[0]]:g} to {grid[flat[1]]:g} on {domain}: it is "
            "not strictly monotone, so that no flow can go through it."
        )
    return 1 if bool((moves > 0).any()) else -1


def _flat_stretch(moves: Tensor, steps: Tensor) -> tuple[int, int] | None:
    """The ends of a stretch without movement, None where rounding alone explains them all."""
    moving = moves.nonzero().flatten().tolist()
    if not moving:
        return 0, len(moves)
    for before, after in pairwise(moving):
        if after > before + 1:
            return before + 1, after
    first, last = moving[0], moving[-1]
    # erf is flat to rounding beyond 6, and its steps died away before; those of a clamp did not.
    if first > 0 and steps[first].abs() > DYING:
        return 0, first
    if last < len(moves) - 1 and steps[last].abs() > DYING:
        return last + 1, len(moves)
    return None
