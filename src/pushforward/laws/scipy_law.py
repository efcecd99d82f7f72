"""SciPy's continuous distributions as laws."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import NumericalInverseWarning
from pushforward.laws.base import Law, between_edges
from pushforward.univariate.chart import innermost

CLOSE = 1e-11  # the relative error in probability at which SciPy's quantiles are taken as they are
NAMES = (  # of the tails and quantiles: frozen distributions, and those of SciPy 1.15
    {"cdf": "cdf", "sf": "sf", "icdf": "ppf", "isf": "isf"},
    {"cdf": "cdf", "sf": "ccdf", "icdf": "icdf", "isf": "iccdf"},
)


def speaks_scipy(distribution: Any) -> dict[str, str] | None:
    """The names under which a SciPy distribution has its tails, None where it has not all."""
    for names in NAMES:
        if all(hasattr(distribution, n) for n in (*names.values(), "logpdf", "support")):
            return names
    return None


class ScipyLaw(Law):
    """A continuous SciPy distribution: its tails, its quantiles, and its logpdf.

    Quantiles are checked against the tail they came from; where SciPy's are off by more than
    1e-11 (F's upper tail, Student t far out), they are found again as roots.

    Args:
        distribution: frozen (`scipy.stats.gamma(2.0)`), or an object of SciPy's newer kind.
        log_prob: log f as a differentiable torch function, where there is one. SciPy's own has
            its derivative taken by a five-point difference (about ten digits, once only).
        support: the interval, where it is known better than SciPy says.

    Example:
        >>> from scipy import stats
        >>> law = ScipyLaw(stats.norm())
        >>> round(law.isf(law.sf(torch.tensor([9.0], dtype=torch.float64))).item(), 10)
        9.0
    """

    def __init__(
        self,
        distribution: Any,
        log_prob: Callable[[Tensor], Tensor] | None = None,
        support: Interval | None = None,
    ) -> None:
        self.distribution = distribution
        self.names = speaks_scipy(distribution) or NAMES[0]
        self._log_prob = log_prob
        low, high = map(float, distribution.support())
        self.support = support or between_edges(low, high, self.log_prob)

    def ask(self, name: str, x: Tensor) -> Tensor:
        """A method of the distribution, by its SciPy name, on tensors."""
        import numpy as np

        with np.errstate(all="ignore"):
            value = getattr(self.distribution, name)(x.detach().cpu().numpy())
        return torch.as_tensor(value, dtype=torch.float64).reshape(x.shape).to(x.device)

    def log_prob(self, x: Tensor) -> Tensor:
        if self._log_prob is not None:
            return self._log_prob(x)
        value: Tensor = _LogPdf.apply(x, self)
        return value

    def cdf(self, x: Tensor) -> Tensor:
        return self.ask(self.names["cdf"], x)

    def sf(self, x: Tensor) -> Tensor:
        return self.ask(self.names["sf"], x)

    def icdf(self, p: Tensor) -> Tensor:
        return self._checked(self.ask(self.names["icdf"], p), p, self.cdf, super().icdf)

    def isf(self, q: Tensor) -> Tensor:
        return self._checked(self.ask(self.names["isf"], q), q, self.sf, super().isf)

    @torch.no_grad()
    def _checked(
        self,
        x: Tensor,
        share: Tensor,
        tail: Callable[[Tensor], Tensor],
        solve: Callable[[Tensor], Tensor],
    ) -> Tensor:
        x = x.clamp(*innermost(self.support, x.dtype))
        value = tail(x)
        # A rounding of x alone moves the tail by eps·|x|·f(x): no root does better than that.
        excused = 4 * torch.finfo(x.dtype).eps * x.abs() * self.log_prob(x).exp()
        off = ~((value - share).abs() <= CLOSE * share + excused) & ~share.isnan()
        if not bool(off.any()):
            return x
        with warnings.catch_warnings():
            # The root may not settle where the tail itself is noise; the better of two is kept.
            warnings.simplefilter("ignore", NumericalInverseWarning)
            found = solve(share[off])
        better = (tail(found) - share[off]).abs() < (value[off] - share[off]).abs()
        x[off] = torch.where(better | x[off].isnan(), found, x[off])
        return x


class _LogPdf(torch.autograd.Function):
    """SciPy's logpdf, differentiated by a difference over a small part of the law's local scale."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, law: ScipyLaw) -> Tensor:
        ctx.law = law
        ctx.save_for_backward(x)
        return law.ask("logpdf", x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        law, (x,) = ctx.law, ctx.saved_tensors
        # The nearer tail over the density: a tail's own length, and below the distance to an edge.
        length = torch.minimum(law.cdf(x), law.sf(x)) / law.ask("logpdf", x).exp()
        h = 1e-3 * length
        near = law.ask("logpdf", x + h) - law.ask("logpdf", x - h)
        far = law.ask("logpdf", x + 2 * h) - law.ask("logpdf", x - 2 * h)
        score = (8 * near - far) / (12 * h)
        return grad * torch.where(score.isfinite() | x.isnan(), score, 0.0), None
