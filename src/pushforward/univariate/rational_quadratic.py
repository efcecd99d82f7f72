"""The monotone rational-quadratic spline (Durkan et al. 2019, "Neural Spline Flows")."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softmax, softplus

from pushforward.errors import ConfigurationError
from pushforward.univariate.base import Univariate

MIN_SHARE = 1e-3  # a bin keeps at least this part of its equal share of [-bound, bound]
MIN_SLOPE = 1e-3  # the least derivative at a knot
UNIT_SLOPE = math.log(math.expm1(1 - MIN_SLOPE))  # softplus of it, plus MIN_SLOPE, is 1


@dataclass(frozen=True)
class Bin:
    """The one bin that each number falls in: its left knot, size, and the slopes at its ends."""

    x: Tensor
    y: Tensor
    width: Tensor
    height: Tensor
    left: Tensor
    right: Tensor


@dataclass(frozen=True)
class RationalQuadraticSpline(Univariate):
    """A monotone spline on [-bound, bound], the identity outside (linear tails of slope 1).

    Parameters per map: `bins` widths, `bins` heights (both by softmax) and `bins - 1` inner
    derivatives (by softplus); the outer derivatives are 1, so that the map is once continuously
    differentiable on the whole line. Durkan et al. 2019, eq. 4 (value), 5 (derivative) and 6-8
    (inverse, by whichever form of the quadratic formula does not cancel).

    Raises:
        ConfigurationError: fewer than one bin, or a bound that is not positive.

    Example:
        >>> spline = RationalQuadraticSpline(bins=4)
        >>> u, params = torch.tensor([-9.0, 0.3]), torch.randn(2, spline.n_params)
        >>> v, log_det = spline.forward(u, params)
        >>> back, _ = spline.inverse(v, params)
        >>> torch.allclose(back, u, atol=1e-5)
        True
    """

    bins: int = 8
    bound: float = 5.0

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ConfigurationError(f"A spline needs at least one bin, but bins={self.bins}.")
        if not 0 < self.bound < math.inf:
            raise ConfigurationError(f"A spline's bound must be positive, but is {self.bound}.")

    @property
    def n_params(self) -> int:  # type: ignore[override]
        return 3 * self.bins - 1

    @property
    def scale(self) -> float:  # type: ignore[override]
        return self.bound

    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        inside = u.abs() <= self.bound
        # Clip before evaluating: what `where` discards must be finite too, or its gradient is NaN.
        clipped = u.clamp(-self.bound, self.bound)
        b = self._locate(clipped, params, by_value=False)
        ratio = ((clipped - b.x) / b.width).clamp(0, 1)
        slope = b.height / b.width
        rest = ratio * (1 - ratio)
        denominator = slope + (b.left + b.right - 2 * slope) * rest
        v = b.y + b.height * (slope * ratio.square() + b.left * rest) / denominator
        log_det = self._log_derivative(b, slope, ratio, rest, denominator)
        return torch.where(inside, v, u), torch.where(inside, log_det, 0.0)

    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        inside = v.abs() <= self.bound
        clipped = v.clamp(-self.bound, self.bound)
        b = self._locate(clipped, params, by_value=True)
        slope = b.height / b.width
        rise = clipped - b.y
        bend = rise * (b.left + b.right - 2 * slope)
        qa = b.height * (slope - b.left) + bend
        qb = b.height * b.left - bend
        qc = slope * rise  # minus the constant term
        # The discriminant is a square plus rounding; the floor keeps the root's gradient finite.
        root = (qb.square() + 4 * qa * qc).clamp(min=torch.finfo(v.dtype).tiny).sqrt()
        # Of the quadratic formula's two forms, the one that adds numbers of equal sign.
        adds = qb >= 0
        ratio = torch.where(adds, 2 * qc, root - qb) / torch.where(adds, qb + root, 2 * qa)
        ratio = ratio.clamp(0, 1)
        rest = ratio * (1 - ratio)
        denominator = slope + (b.left + b.right - 2 * slope) * rest
        u = b.x + ratio * b.width
        log_det = self._log_derivative(b, slope, ratio, rest, denominator)
        return torch.where(inside, u, v), torch.where(inside, -log_det, 0.0)

    @staticmethod
    def _log_derivative(
        b: Bin, slope: Tensor, ratio: Tensor, rest: Tensor, denominator: Tensor
    ) -> Tensor:
        numerator = b.right * ratio.square() + 2 * slope * rest + b.left * (1 - ratio).square()
        return 2 * slope.log() + numerator.log() - 2 * denominator.log()

    def _locate(self, value: Tensor, params: Tensor, by_value: bool) -> Bin:
        """The bin of each number, searched among the y-knots where `by_value`, else the x-knots."""
        k = self.bins
        params = params.expand(*value.shape, self.n_params)
        widths, x = self._knots(params[..., :k])
        heights, y = self._knots(params[..., k : 2 * k])
        slopes = MIN_SLOPE + softplus(params[..., 2 * k :] + UNIT_SLOPE)
        slopes = torch.nn.functional.pad(slopes, (1, 1), value=1.0)
        inner = (y if by_value else x)[..., 1:]
        index = (inner <= value.unsqueeze(-1)).sum(-1, keepdim=True)

        def pick(table: Tensor, offset: int = 0) -> Tensor:
            return table.gather(-1, index + offset).squeeze(-1)

        return Bin(pick(x), pick(y), pick(widths), pick(heights), pick(slopes), pick(slopes, 1))

    def _knots(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Bin sizes and their left knots, both (..., bins), from logits (..., bins)."""
        share = MIN_SHARE / self.bins + (1 - MIN_SHARE) * softmax(logits, dim=-1)
        sizes = 2 * self.bound * share
        left = torch.nn.functional.pad(sizes.cumsum(-1)[..., :-1], (1, 0)) - self.bound
        return sizes, left
