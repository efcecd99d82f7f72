"""Intervals as the image of the real line, and a root finder that stays inside one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.numerics import increasing_root

HALVINGS = 16  # from the whole chart to about 0.02, where Newton's steps are at home


def from_line(u: Tensor, interval: Interval) -> tuple[Tensor, Tensor]:
    """x(u) and dx/du, increasing from the real line onto the interval; |u| < 709 reaches it all.

    sinh(u) on the line, low + exp(u) and high - exp(-u) on half-lines, a logistic curve between
    two edges, each measured from the nearer edge.

    Example:
        >>> x, slope = from_line(torch.tensor([0.0]), Interval(0.0, 2.0))
        >>> x.item(), slope.item()
        (1.0, 0.5)
    """
    low, high = interval.low, interval.high
    if math.isinf(low) and math.isinf(high):
        return u.sinh(), u.cosh()
    if math.isinf(high):
        return low + u.exp(), u.exp()
    if math.isinf(low):
        return high - (-u).exp(), (-u).exp()
    width, rise, rest = high - low, u.sigmoid(), (-u).sigmoid()
    return torch.where(u < 0, low + width * rise, high - width * rest), width * rise * rest


def innermost(interval: Interval, dtype: torch.dtype) -> tuple[float, float]:
    """The least and the greatest number of a precision that count as inside, both finite.

    Next to an open edge at 0 that is the least normal number: slopes such as 1/x stay finite.

    Example:
        >>> innermost(Interval(0.0, math.inf), torch.float32) == (
        ...     torch.finfo(torch.float32).tiny, torch.finfo(torch.float32).max)
        True
    """
    limits = torch.finfo(dtype)
    low, high = max(interval.low, limits.min), min(interval.high, limits.max)
    if interval.closed:
        return low, high
    edges = torch.tensor([low, high], dtype=dtype)
    after, before = torch.nextafter(edges, edges.flip(0)).tolist()
    if math.isfinite(interval.low):
        low = limits.tiny if low == 0 else after
    if math.isfinite(interval.high):
        high = -limits.tiny if high == 0 else before
    return low, high


@torch.no_grad()
def root_within(
    function: Callable[[Tensor], tuple[Tensor, Tensor]],
    interval: Interval,
    like: Tensor,
    name: str = "root",
) -> Tensor:
    """Solve f(x) = 0 in an interval, element by element, for an increasing f.

    The bracket is the whole interval, on a chart that reaches from the smallest to the largest
    number: some halvings, then `increasing_root`, then one Newton step in x itself. Where f keeps
    one sign, the end towards which the root would lie is given.

    Args:
        function: x -> (f(x), f'(x)), shapes as `like`; a NaN beyond the range of numbers is taken
            as too high on the right and too low on the left.
        interval: where x lies.
        like: a tensor of the shape, dtype and device of x.
        name: what a warning calls the unknown.

    Warns:
        NumericalInverseWarning: where the root did not settle.

    Example:
        >>> target = torch.tensor([1e-30, 1.0, 1e30], dtype=torch.float64)
        >>> x = root_within(lambda x: (x.log() - target.log(), 1 / x), Interval(0.0), target)
        >>> bool(((x / target - 1).abs() < 1e-13).all())
        True
    """
    reach = -math.log(torch.finfo(like.dtype).tiny) - 1

    def charted(u: Tensor) -> tuple[Tensor, Tensor]:
        x, pace = from_line(u, interval)
        value, slope = function(x)
        value = torch.where(value.isnan(), torch.copysign(torch.full_like(u, math.inf), u), value)
        value = torch.where(u <= -reach, value.clamp(max=0), value)
        return torch.where(u >= reach, value.clamp(min=0), value), slope * pace

    low, high = torch.full_like(like, -reach), torch.full_like(like, reach)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = charted(middle)[0] > 0
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    x, pace = from_line(increasing_root(charted, low, high, name=name), interval)
    value, slope = function(x)
    step = value / slope
    small = step.abs() <= pace * math.sqrt(torch.finfo(x.dtype).eps)
    # The chart's own rounding is absolute where it is flat; Newton's step mends the last digits.
    return torch.where(small, x - step, x).clamp(*innermost(interval, x.dtype))
