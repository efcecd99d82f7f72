"""X = F_X⁻¹(F_Z(Z)): the one monotone map that carries one distribution into another."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.laws import Law, as_law
from pushforward.transforms.base import Transform
from pushforward.univariate.chart import innermost

FINITE = 1e4  # nats: where a density vanishes or is infinite, what is taken for its logarithm


def between(base: Any, target: Any) -> Between:
    """The rising map that carries Z ~ `base` into X ~ `target`, exactly.

    Args:
        base, target: 1-D distributions: torch's, SciPy's frozen ones, this package's of one
            feature, a `pushforward.laws.Law`, or samples (a tensor or array), which are learned.

    Raises:
        ConfigurationError: one of them is discrete, has no cdf, or is not of one number.

    Example:
        >>> from torch.distributions import Exponential, Uniform
        >>> layer = between(Uniform(0.0, 1.0), Exponential(1.0))  # x = -log(1 - z)
        >>> round(layer.forward(torch.tensor([0.5]))[0].item(), 4)
        0.6931
    """
    return Between(as_law(base), as_law(target))


class Between(Transform):
    """x = F_X⁻¹(F_Z(z)), elementwise; log|dx/dz| = log f_Z(z) - log f_X(x).

    Worked in the nearer tail: below the median through cdf and icdf, above it through the survival
    functions, so that both tails keep their digits; beyond the least probability that float64 can
    hold (2e-308) the map is flat, and densities stay right. All in float64, whatever comes in; the
    tails are SciPy's and run on the CPU.

    Outside a support the result is finite and the log-det -inf, in both directions. The kind is
    "numerical" where a quantile is found as a root (mixtures, laws learned from samples).

    Args:
        base, target: the laws of z and of x.

    Example:
        >>> from pushforward.laws import Uniform
        >>> layer = Between(Uniform(0.0, 2.0), Uniform(0.0, 8.0))  # x = 4z
        >>> x, log_det = layer.forward(torch.tensor([1.0]))
        >>> x.item(), round(log_det.exp().item(), 6)
        (4.0, 4.0)
    """

    def __init__(self, base: Law, target: Law) -> None:
        super().__init__()
        self.base, self.target = base, target
        self.domain, self.codomain = base.support, target.support
        self.kind = "numerical" if base.numerical or target.numerical else "exact"
        roots = {"forward": target.numerical, "inverse": base.numerical}
        self.cheap = frozenset(way for way, numerical in roots.items() if not numerical)
        half = torch.tensor([0.5], dtype=torch.float64)
        self._medians = base.icdf(half).item(), target.icdf(half).item()

    def image(self, interval: Interval) -> Interval:
        if self.domain.within(interval):
            return self.codomain
        ends = torch.tensor([interval.low, interval.high], dtype=torch.float64)
        low, high = _carry(ends, self.base, self.target).tolist()
        low = self.codomain.low if interval.low <= self.domain.low else low
        high = self.codomain.high if interval.high >= self.domain.high else high
        return Interval(low, high, interval.closed)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return _move(z, self.base, self.target, self._medians[0])

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return _move(x, self.target, self.base, self._medians[1])


def _move(value: Tensor, source: Law, target: Law, median: float) -> tuple[Tensor, Tensor]:
    """Where a value goes, and the log of how much it stretches there."""
    inside = source.support.contains(value) | value.isnan()
    # Held strictly inside: at an edge a density may be infinite or have an infinite slope.
    held = torch.where(inside, value, median).clamp(*innermost(source.support, value.dtype))
    precise = held.double().clamp(*innermost(source.support, torch.float64))
    most = 0.8 * math.log(torch.finfo(value.dtype).max)
    result: Tensor = _Carry.apply(precise, source, target, most)
    log_det = source.log_prob(precise) - _log_prob(target, result)
    result = result.to(value.dtype).clamp(*innermost(target.support, value.dtype))
    return result, torch.where(inside, log_det, -math.inf).to(value.dtype)


def _log_prob(law: Law, x: Tensor) -> Tensor:
    """A law's log-density where the map arrives: finite, so that -inf meets no +inf."""
    return law.log_prob(x).clamp(-FINITE, FINITE)


@torch.no_grad()
def _carry(x: Tensor, source: Law, target: Law) -> Tensor:
    """F_target⁻¹(F_source(x)), element by element, through the nearer tail."""
    known = ~x.isnan()
    flat = x[known]
    y, share = torch.empty_like(flat), source.cdf(flat)
    upper = share > 0.5
    share[upper] = source.sf(flat[upper])
    share = share.clamp(min=torch.finfo(share.dtype).tiny)
    y[upper], y[~upper] = target.isf(share[upper]), target.icdf(share[~upper])
    moved = x.clone()  # a NaN stays one
    moved[known] = y.clamp(*innermost(target.support, y.dtype))
    return moved


class _Carry(torch.autograd.Function):
    """`_carry` with dy/dx = f_source(x)/f_target(y), which is itself differentiable."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, source: Law, target: Law, most: float) -> Tensor:
        y = _carry(x, source, target)
        ctx.laws, ctx.most = (source, target), most
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (source, target), (x, y) = ctx.laws, ctx.saved_tensors
        log_slope = source.log_prob(x) - _log_prob(target, y)
        # The slope of a map may overflow next to an infinite density: a gradient stays finite.
        return grad * log_slope.clamp(max=ctx.most).exp(), None, None, None
