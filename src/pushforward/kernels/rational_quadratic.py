"""The monotone rational-quadratic spline (Durkan et al. 2019, "Neural Spline Flows", eq. 4-8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad, softmax, softplus

from pushforward.kernels.calls import Constants, Pair
from pushforward.kernels.fused import Fused

MIN_SHARE = 1e-3  # a bin keeps at least this part of its equal share of [-bound, bound]
MIN_SLOPE = 1e-3  # the least derivative at a knot
UNIT_SLOPE = math.log(math.expm1(1 - MIN_SLOPE))  # softplus of it, plus MIN_SLOPE, is 1


def rational_quadratic(bins: int, bound: float) -> Fused:
    """The spline of so many bins on [-bound, bound], the identity outside.

    Its 3·bins - 1 parameters are `bins` widths and `bins` heights, before a softmax each, and
    `bins - 1` slopes at the inner knots, before a softplus; the outer slopes are 1.
    """
    constants = Constants(bins, bound, MIN_SHARE, MIN_SLOPE, UNIT_SLOPE)
    return Fused(
        "spline",
        3 * bins - 1,
        constants,
        partial(_forward, bins, bound),
        partial(_inverse, bins, bound),
    )


def sizes(logits: Tensor, bound: float) -> Tensor:
    """Bin sizes (..., bins), which add up to 2·bound, from logits (..., bins)."""
    share = MIN_SHARE / logits.shape[-1] + (1 - MIN_SHARE) * softmax(logits, dim=-1)
    return 2 * bound * share


def logits(sizes: Tensor, bound: float) -> Tensor:
    """The logits that `sizes` turns into these bin sizes, all above the least."""
    share = sizes / (2 * bound) - MIN_SHARE / sizes.shape[-1]
    return (share / (1 - MIN_SHARE)).log()


def slopes(raw: Tensor) -> Tensor:
    """Positive slopes from parameters, any shape; zero gives 1."""
    return MIN_SLOPE + softplus(raw + UNIT_SLOPE)


def raw_slopes(slopes: Tensor) -> Tensor:
    """The parameters that `slopes` turns into these, all above the least."""
    above = slopes - MIN_SLOPE
    return above + torch.log(-torch.expm1(-above)) - UNIT_SLOPE


@dataclass(frozen=True)
class Bin:
    """The one bin that each number falls in: its left knot, size, and the slopes at its ends."""

    x: Tensor
    y: Tensor
    width: Tensor
    height: Tensor
    left: Tensor
    right: Tensor


def _forward(bins: int, bound: float, u: Tensor, params: Tensor) -> Pair:
    inside = u.abs() <= bound
    # Clip before evaluating: what `where` discards must be finite too, or its gradient is NaN.
    clipped = u.clamp(-bound, bound)
    b = _locate(bins, bound, clipped, params, by_value=False)
    ratio = ((clipped - b.x) / b.width).clamp(0, 1)
    slope = b.height / b.width
    rest = ratio * (1 - ratio)
    denominator = slope + (b.left + b.right - 2 * slope) * rest
    v = b.y + b.height * (slope * ratio.square() + b.left * rest) / denominator
    log_det = _log_derivative(b, slope, ratio, rest, denominator)
    return torch.where(inside, v, u), torch.where(inside, log_det, 0.0)


def _inverse(bins: int, bound: float, v: Tensor, params: Tensor) -> Pair:
    inside = v.abs() <= bound
    clipped = v.clamp(-bound, bound)
    b = _locate(bins, bound, clipped, params, by_value=True)
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
    log_det = _log_derivative(b, slope, ratio, rest, denominator)
    return torch.where(inside, u, v), torch.where(inside, -log_det, 0.0)


def _log_derivative(
    b: Bin, slope: Tensor, ratio: Tensor, rest: Tensor, denominator: Tensor
) -> Tensor:
    numerator = b.right * ratio.square() + 2 * slope * rest + b.left * (1 - ratio).square()
    return 2 * slope.log() + numerator.log() - 2 * denominator.log()


def _locate(bins: int, bound: float, value: Tensor, params: Tensor, by_value: bool) -> Bin:
    """The bin of each number, searched among the y-knots where `by_value`, else the x-knots."""
    params = params.expand(*value.shape, params.shape[-1])
    widths, heights = sizes(params[..., :bins], bound), sizes(params[..., bins : 2 * bins], bound)
    x, y = _left_knots(widths, bound), _left_knots(heights, bound)
    at_knots = pad(slopes(params[..., 2 * bins :]), (1, 1), value=1.0)
    inner = (y if by_value else x)[..., 1:]
    index = (inner <= value.unsqueeze(-1)).sum(-1, keepdim=True)

    def pick(table: Tensor, offset: int = 0) -> Tensor:
        return table.gather(-1, index + offset).squeeze(-1)

    return Bin(pick(x), pick(y), pick(widths), pick(heights), pick(at_knots), pick(at_knots, 1))


def _left_knots(sizes: Tensor, bound: float) -> Tensor:
    return pad(sizes.cumsum(-1)[..., :-1], (1, 0)) - bound
