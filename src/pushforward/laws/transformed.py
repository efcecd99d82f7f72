"""A law carried through one of torch's monotone transforms."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions.transforms import Transform

from pushforward.errors import ConfigurationError
from pushforward.laws.base import Law, between_edges


class Transformed(Law):
    """X = t(Y) for a monotone `torch.distributions` transform t, rising or falling.

    A falling one swaps the tails, so that both keep their digits.

    Raises:
        ConfigurationError: t is not one monotone map of one number.

    Example:
        >>> from torch.distributions.transforms import ExpTransform
        >>> from pushforward.laws import Uniform
        >>> law = Transformed(Uniform(0.0, 1.0), ExpTransform())
        >>> round(law.icdf(torch.tensor([0.5])).item(), 4)
        1.6487
    """

    def __init__(self, base: Law, transform: Transform) -> None:
        self.base, self.transform = base, transform
        self.rises = _sign(transform) > 0
        self.numerical = base.numerical
        ends = torch.tensor([base.support.low, base.support.high], dtype=torch.float64)
        low, high = sorted(transform(ends).tolist())
        self.support = between_edges(low, high, self.log_prob)

    def log_prob(self, x: Tensor) -> Tensor:
        y = self.transform.inv(x)
        return self.base.log_prob(y) - self.transform.log_abs_det_jacobian(y, x)

    def cdf(self, x: Tensor) -> Tensor:
        y = self.transform.inv(x)
        return self.base.cdf(y) if self.rises else self.base.sf(y)

    def sf(self, x: Tensor) -> Tensor:
        y = self.transform.inv(x)
        return self.base.sf(y) if self.rises else self.base.cdf(y)

    def icdf(self, p: Tensor) -> Tensor:
        return self.transform(self.base.icdf(p) if self.rises else self.base.isf(p))

    def isf(self, q: Tensor) -> Tensor:
        return self.transform(self.base.isf(q) if self.rises else self.base.icdf(q))


def _sign(transform: Transform) -> float:
    """+1 where the transform rises, -1 where it falls."""
    try:
        if transform.bijective:
            return float(torch.as_tensor(transform.sign))
    except (NotImplementedError, RuntimeError):
        pass
    raise ConfigurationError(
        f"{type(transform).__name__} is no monotone map of one number: there is no cdf behind it."
    )
