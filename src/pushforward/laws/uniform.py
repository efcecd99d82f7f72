"""The uniform law, each tail measured from its own edge."""

from __future__ import annotations

import math

from torch import Tensor

from pushforward.constraints import Interval
from pushforward.laws.base import Law


class Uniform(Law):
    """Uniform on the closed interval [low, high].

    Example:
        >>> import torch
        >>> Uniform(0.0, 4.0).isf(torch.tensor([0.25])).item()
        3.0
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.support = Interval(low, high, closed=True)

    def log_prob(self, x: Tensor) -> Tensor:
        return 0.0 * x - math.log(self.high - self.low)

    def cdf(self, x: Tensor) -> Tensor:
        return ((x - self.low) / (self.high - self.low)).clamp(0, 1)

    def sf(self, x: Tensor) -> Tensor:
        return ((self.high - x) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, p: Tensor) -> Tensor:
        return self.low + (self.high - self.low) * p

    def isf(self, q: Tensor) -> Tensor:
        return self.high - (self.high - self.low) * q
