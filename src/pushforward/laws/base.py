"""The contract of a law: a density and both tails of a distribution of one number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from pushforward.constraints import Interval, real
from pushforward.univariate.chart import root_within


class Law(ABC):
    """A continuous distribution of one number, in float64 throughout.

    Every method takes and returns float64 tensors of one shape and acts element by element. Only
    `log_prob` is differentiable; the tails and quantiles are numbers.

    A probability near 1 has no digits left, so both tails are kept: `cdf` and `icdf` serve below
    the median, `sf` and `isf` above it.

    Attributes:
        support: the interval of x; closed where the density at its edges is finite.
        numerical: whether quantiles are found as roots rather than by formula.
    """

    support: Interval = real
    numerical: bool = False

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """log f(x), in nats, differentiable; x inside the support."""

    @abstractmethod
    def cdf(self, x: Tensor) -> Tensor:
        """F(x) = P(X ≤ x)."""

    def sf(self, x: Tensor) -> Tensor:
        """P(X > x). As 1 - F(x) here, which has no digits above quantiles of about 1 - 1e-12."""
        return 1 - self.cdf(x)

    def icdf(self, p: Tensor) -> Tensor:
        """The x with F(x) = p, for p in (0, 1); a root of log F(x) - log p unless overridden."""
        return self._quantile(p, self.cdf, 1.0)

    def isf(self, q: Tensor) -> Tensor:
        """The x with P(X > x) = q, for q in (0, 1)."""
        return self._quantile(q, self.sf, -1.0)

    def _quantile(self, share: Tensor, tail: Callable[[Tensor], Tensor], sign: float) -> Tensor:
        """Where `tail` equals `share`, solved in logarithms, so that small shares keep digits."""
        target = share.log()

        def excess(x: Tensor) -> tuple[Tensor, Tensor]:
            value = tail(x)
            return sign * (value.log() - target), self.log_prob(x).exp() / value

        return root_within(excess, self.support, share, name=type(self).__name__)


def between_edges(low: float, high: float, log_prob: Callable[[Tensor], Tensor]) -> Interval:
    """The support from its edges: closed where the density is finite at every finite edge.

    Example:
        >>> str(between_edges(0.0, 1.0, torch.zeros_like)), str(between_edges(0.0, 1.0, torch.log))
        ('[0, 1]', '(0, 1)')
    """
    edges = [edge for edge in (low, high) if math.isfinite(edge)]
    finite = bool(log_prob(torch.tensor(edges, dtype=torch.float64)).isfinite().all())
    return Interval(low, high, closed=bool(edges) and finite)
