"""What a computation costs: processor time, as a median, on one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

SIZES = [2**k for k in range(1, 13)]
BUDGET = 0.4  # seconds spent on each size, once it has been done often enough
LEAST, MOST = 3, 30  # times


@torch.no_grad()
def cost(
    make: Callable[[int], Callable[[Tensor], Any]],
    rows: int | None = None,
    sizes: Sequence[int] | None = None,
) -> list[float]:
    """Median processor seconds of `make(n)` on random rows (rows, n), for each n; on one thread.

    Processor time, not the clock: what else the machine is doing counts for little.

    Args:
        make: n -> the function to be measured.
        rows: how many; n where None, a square matrix.
        sizes: the n; 2, 4 … 4096 where None.

    Example:
        >>> len(cost(lambda n: torch.exp, sizes=[1, 2]))
        2
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_median(make(n), torch.randn(rows or n, n)) for n in sizes or SIZES]
    finally:
        torch.set_num_threads(threads)


def _median(function: Callable[[Tensor], Any], value: Tensor) -> float:
    """The median of several runs: a first one to warm up, unless it takes long."""
    spent: list[float] = []
    begun = time.process_time()
    function(value)
    first = time.process_time() - begun
    if first > BUDGET:
        spent.append(first)
    while len(spent) < LEAST or (sum(spent) < BUDGET and len(spent) < MOST):
        if sum(spent) > 2 * BUDGET:
            break  # one run of a second tells enough
        begun = time.process_time()
        function(value)
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def exponent(sizes: Iterable[int], seconds: Iterable[float], least: int) -> tuple[float, float]:
    """The slope of log seconds against log n over the sizes from `least` on, and the level there.

    Example:
        >>> slope, _ = exponent([1, 10, 100], [5.0, 50.0, 500.0], least=1)
        >>> round(slope, 6)
        1.0
    """
    points = [(n, s) for n, s in zip(sizes, seconds, strict=True) if n >= least]
    x, y = np.log([n for n, _ in points]), np.log([s for _, s in points])
    slope, level = np.polyfit(x, y, 1)
    return float(slope), float(np.exp(level))
