"""Whole numbers that come more often than those around them."""

from __future__ import annotations

import torch
from torch import Tensor

FEW = 100  # of so few different numbers each is one of them
MOST = 256
NEAR = 5  # steps to either side within which a number stands out, or not
CHANCE = 4.0  # deviations, and counts, by which it does


def atoms(x: Tensor) -> Tensor:
    """Numbers of x (n) that deserve a weight of their own, 256 at most, the commonest first.

    Where few different numbers come, these are all of them; else those which come more than twice
    as often as those around them do, and not by chance: heaped or rounded numbers, or a zero that
    stands for something else.

    Example:
        >>> x = torch.cat([torch.arange(1000.0), torch.zeros(9), torch.full((5,), -70.0)])
        >>> atoms(x).tolist()
        [0.0, -70.0]
    """
    found, counts = x.unique(return_counts=True)
    often = counts.argsort(descending=True, stable=True)
    if len(found) > FEW:
        total = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        first = torch.searchsorted(found, found - NEAR)
        last = torch.searchsorted(found, found + NEAR, right=True)
        around = (total[last] - total[first] - counts).double() / (2 * NEAR)
        usual = 2 * around + CHANCE * around.sqrt() + CHANCE
        often = often[(counts > usual)[often]]
    return found[often[:MOST]]
