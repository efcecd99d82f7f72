"""A conditional law known by both its tails, in log space: its latents, and the way back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pushforward.numerics import increasing_root
from pushforward.transforms.columns.column import Column
from pushforward.transforms.stack.conditionals import Conditionals, latent, of_normal

REACH = 8.0  # the first bracket of a root, in a column's coordinate


class Tails(NamedTuple):
    """log P(X < x), log P(X > x), log P(X ≤ x) and log P(X ≥ x), each (rows)."""

    below: Tensor
    above: Tensor
    upto: Tensor
    beyond: Tensor

    def between(self, share: Tensor, log_prob: Tensor) -> Tensor:
        """z (rows), so far through x's interval [P(X < x), P(X ≤ x)], which is of `log_prob`."""
        share = share.clamp(1e-6, 1 - 1e-6)
        cdf = torch.logaddexp(self.below, share.log() + log_prob)
        sf = torch.logaddexp(self.above, torch.log1p(-share) + log_prob)
        return normal_quantile(cdf, sf)


def normal_quantile(log_cdf: Tensor, log_sf: Tensor) -> Tensor:
    """z of the standard normal with these tails, from the nearer one."""
    return latent(Conditionals(torch.zeros_like(log_cdf), log_cdf, log_sf))[0]


def crossing(column: Column, tails: Callable[[Tensor], Tails], z: Tensor) -> Tensor:
    """x (rows) of a density with P(X < x) = Φ(z), or the end that takes that share."""

    def excess(y: Tensor) -> tuple[Tensor, Tensor]:
        at = tails(column.at(y))
        return normal_quantile(at.below, at.above) - z, torch.full_like(y, math.nan)

    reach = torch.full_like(z, REACH)
    x = column.at(increasing_root(excess, -reach, reach, name="a column's quantile"))
    for end in column.ends:
        at = tails(torch.full_like(z, end))
        if end == column.lower:
            x = torch.where(z <= normal_quantile(at.upto, at.above), end, x)
        else:
            x = torch.where(z >= normal_quantile(at.below, at.beyond), end, x)
    return x


def least_cell(column: Column, tails: Callable[[Tensor], Tails], z: Tensor) -> Tensor:
    """The least whole number x (rows) with P(X ≤ x) ≥ Φ(z)."""
    wanted = of_normal(z, torch.zeros_like(z))
    lower = wanted.log_cdf < wanted.log_sf
    least = -math.inf if column.lower is None else column.lower
    most = math.inf if column.upper is None else column.upper

    def reached(x: Tensor) -> Tensor:
        at = tails(x.clamp(least, most))
        enough = torch.where(lower, at.upto >= wanted.log_cdf, at.above <= wanted.log_sf)
        return (enough | (x >= most)) & (x >= least)

    high = column.at(torch.zeros_like(z))
    low, step = high - 1, 1.0
    while True:  # until low is not reached and high is
        up, down = ~reached(high), reached(low)
        if not bool((up | down).any()):
            break
        low, high = torch.where(up, high, low), torch.where(down, low, high)
        low, high = torch.where(down, low - step, low), torch.where(up, high + step, high)
        low, high = low.clamp(min=least - 1), high.clamp(max=most)
        step *= 2
    while bool((wide := high - low > 1).any()):
        middle = torch.floor((low + high) / 2)
        yes = reached(middle)
        high, low = torch.where(yes & wide, middle, high), torch.where(~yes & wide, middle, low)
    return high
