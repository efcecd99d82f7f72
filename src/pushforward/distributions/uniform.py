"""The uniform box."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.distributions.base import Distribution
from pushforward.distributions.normal import placed, vector
from pushforward.errors import ConfigurationError


class Uniform(Distribution):
    """Uniform on the closed box [low, high]; log density -inf outside.

    Args:
        features: d.
        low, high: one number or d numbers each, low < high.

    Raises:
        ConfigurationError: a side of the box that is empty.

    Example:
        >>> base = Uniform(1, 0.0, 2.0)
        >>> base.log_prob(torch.tensor([[1.0], [3.0]])).exp().tolist()
        [0.5, 0.0]
    """

    low: Tensor
    high: Tensor

    def __init__(
        self,
        features: int,
        low: float | Sequence[float] = 0.0,
        high: float | Sequence[float] = 1.0,
    ) -> None:
        super().__init__()
        self.event_shape = torch.Size((features,))
        lows, highs = vector(low, features, "low"), vector(high, features, "high")
        if not bool((lows < highs).all()):
            raise ConfigurationError(f"low must be below high, but low={low} and high={high}.")
        self.support = Interval(lows.min().item(), highs.max().item(), closed=True)
        self.register_buffer("low", placed(lows))
        self.register_buffer("high", placed(highs))

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        inside = ((z >= self.low) & (z <= self.high)).all(-1)
        level = -(self.high - self.low).log().sum()
        log_prob = torch.where(inside, level, -math.inf)
        # Flat inside, so no gradient in z; the product keeps a NaN visible and the graph whole.
        return log_prob + torch.where(z.isnan(), z, 0.0).sum(-1)

    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        share = torch.rand(
            self.sample_shape(shape, context),
            generator=generator,
            dtype=self.low.dtype,
            device=self.low.device,
        )
        return self.low + (self.high - self.low) * share
