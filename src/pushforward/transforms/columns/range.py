"""The range in which a column's numbers were seen, and the little that may lie beyond."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

END = 1e8  # stands for an infinite coordinate: with a true infinity gradients would be NaN
DECAY = 2.0  # P(more than t beyond the range | beyond) = (1 + t / scale)^-DECAY


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) of x ≥ 0; very small where x is 0, never -inf.

    Example:
        >>> log1mexp(torch.tensor([1e-8, 0.5]))
        tensor([-18.4207,  -0.9328])
    """
    x = x.clamp(min=torch.finfo(x.dtype).tiny)
    return torch.where(
        x < 0.7, torch.log(-torch.expm1(-x)), torch.log1p(-(-x.clamp(min=0.7)).exp())
    )


class Range(NamedTuple):
    """The range [low, high] of n numbers, beyond which the next lies with probability 1/(n + 1).

    (It is 1/(n + 1) on each side for numbers by themselves. Here both sides share that, since
    what is known of other columns makes it less likely.) What lies beyond decays as a power. And
    with half that probability the next lies anywhere in the range, whatever else is known. For
    angles nothing lies beyond a turn.

    Attributes:
        low, high: (), in the coordinate.
        log_share: (), log of the probability of either side, and of anywhere between.
        scale: (), mean distance of what lies beyond.
        bounded: nothing lies beyond.
    """

    low: Tensor
    high: Tensor
    log_share: Tensor
    scale: Tensor
    bounded: bool = False

    @property
    def log_inside(self) -> Tensor:
        """log of the probability that what is known foretells the next, nats."""
        return torch.log1p(-(1 if self.bounded else 3) * self.log_share.exp())

    def log_prob(self, y: Tensor, inside: Tensor) -> Tensor:
        """The log-density of y (rows), of which `inside` (rows) is foretold, nats."""
        anywhere = (self.log_share - (self.high - self.low).log()).expand(len(y))
        within = torch.logaddexp(inside, anywhere)
        if self.bounded:
            return within
        t = (torch.maximum(self.low - y, y - self.high)).clamp(min=0)
        beyond = (DECAY / self.scale).log() - (DECAY + 1) * torch.log1p(t / self.scale)
        return torch.where(t > 0, self.log_share + beyond, within)

    def clip(self, low: Tensor, high: Tensor, width: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The part of [low, high] (rows) that is in the range, and its width, 0 where none is."""
        first = torch.minimum(torch.maximum(low, self.low), self.high)
        last = torch.maximum(torch.minimum(high, self.high), self.low)
        cut = (low < self.low) | (high > self.high)
        return first, last, torch.where(cut, last - first, width)

    def log_masses(self, low: Tensor, high: Tensor, width: Tensor, within: Tensor) -> Tensor:
        """log of what [low, high] (rows) has below the range, above it and anywhere, (rows, 3).

        Args:
            within: the width of the part in the range, as `clip` has it.
        """
        below = self._beyond(self.low - high, self.low - low, width)
        above = self._beyond(low - self.high, high - self.high, width)
        anywhere = self.log_share + (within / (self.high - self.low)).log()
        return torch.stack([below, above, anywhere], -1)

    def _beyond(self, near: Tensor, far: Tensor, width: Tensor) -> Tensor:
        """log of what is from `near` to `far` beyond an end, `width` apart."""
        width = torch.where(near < 0, far, width)
        near = near.clamp(min=0)
        log_ratio = torch.log1p(width.clamp(min=0) / (self.scale + near))
        log_share = self.log_share - DECAY * torch.log1p(near / self.scale)
        mass = log_share + log1mexp(DECAY * log_ratio)
        return mass.masked_fill((far <= 0) | self.bounded, -math.inf)

    def draw(self, part: Tensor, low: Tensor, high: Tensor, u: Tensor) -> Tensor:
        """The u-quantile (rows) of one of the parts within [low, high].

        Args:
            part: 0 for below the range, 1 for above it, 2 for anywhere in it.
            u: uniform (rows).
        """
        lower = part == 0
        near = torch.where(lower, self.low - high, low - self.high).clamp(min=0)
        far = torch.where(lower, self.low - low, high - self.high).clamp(min=0)
        kept = ((self.scale + near) / (self.scale + far)) ** DECAY  # of those past `near`
        t = (self.scale + near) * (1 - u * (1 - kept)) ** (-1 / DECAY) - self.scale
        t = torch.minimum(torch.maximum(t, near), far)
        beyond = torch.where(lower, self.low - t, self.high + t)
        first, last, _ = self.clip(low, high, high - low)
        return torch.where(part == 2, first + u * (last - first), beyond)
