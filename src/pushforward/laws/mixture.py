"""Mixtures: both tails are weighted sums, quantiles are roots in logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.laws.base import Law, between_edges
from pushforward.univariate.chart import innermost


class Mixture(Law):
    """Σ_k w_k f_k, with P(X ≤ x) = Σ w_k F_k(x) and P(X > x) = Σ w_k P_k(X > x).

    Args:
        weights: K positive numbers, normalised here.
        laws: K laws.

    Raises:
        ConfigurationError: no components, or weights that do not fit or are not positive.

    Example:
        >>> from pushforward.laws import Uniform
        >>> law = Mixture([0.5, 0.5], [Uniform(0.0, 1.0), Uniform(3.0, 4.0)])
        >>> round(law.icdf(torch.tensor([0.75], dtype=torch.float64)).item(), 10)
        3.5
    """

    numerical = True

    def __init__(self, weights: Sequence[float] | Tensor, laws: Sequence[Law]) -> None:
        weight = torch.as_tensor(weights, dtype=torch.float64, device="cpu").detach().flatten()
        if len(weight) != len(laws) or not len(laws) or not bool((weight > 0).all()):
            raise ConfigurationError(
                f"A mixture needs one positive weight for each of its laws, "
                f"but there are {len(laws)} laws and the weights are {weight.tolist()}."
            )
        self.weights, self.laws = (weight / weight.sum()).tolist(), list(laws)
        low, high = (min(v.support.low for v in laws), max(v.support.high for v in laws))
        self.support = between_edges(low, high, self.log_prob)

    def log_prob(self, x: Tensor) -> Tensor:
        each = [law.log_prob(x.clamp(*innermost(law.support, x.dtype))) for law in self.laws]
        inside = [law.support.contains(x) | x.isnan() for law in self.laws]
        # Outside a component's support its share is the least number: -inf would have no slope.
        shares = [
            torch.where(here, value + math.log(weight), torch.finfo(x.dtype).min)
            for here, value, weight in zip(inside, each, self.weights, strict=True)
        ]
        mixed = torch.logsumexp(torch.stack(shares), dim=0)
        return torch.where(torch.stack(inside).any(0), mixed, -torch.inf)

    def cdf(self, x: Tensor) -> Tensor:
        return self._sum([law.cdf(self._held(law, x)) for law in self.laws])

    def sf(self, x: Tensor) -> Tensor:
        return self._sum([law.sf(self._held(law, x)) for law in self.laws])

    def _sum(self, values: list[Tensor]) -> Tensor:
        return torch.stack([w * v for w, v in zip(self.weights, values, strict=True)]).sum(0)

    @staticmethod
    def _held(law: Law, x: Tensor) -> Tensor:
        """x where the component lives, else its nearer edge, where its tails are 0 and 1."""
        return x.clamp(law.support.low, law.support.high)
