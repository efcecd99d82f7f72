"""What keeps residual maps invertible: a gain that stays positive, and the equation it solves."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pushforward.numerics import increasing_root

LEAST = 1e-3  # no map of these shrinks a length by more than a thousand
SHIFT = math.log(math.expm1(1.0))  # softplus(SHIFT) = 1


def gain(raw: Tensor) -> Tensor:
    """LEAST + (1 - LEAST)·softplus(raw + log(e - 1)): above LEAST, smooth, and 1 at raw = 0.

    The correction of Rezende & Mohamed (2015, appendix A), m(a) = softplus(a) - 1 > -1, as m + 1,
    shifted so that 0 stays 0 and a layer starts as the identity, and held off 0, where the inverse
    of a map would lose its digits.

    Example:
        >>> [round(v, 6) for v in gain(torch.tensor([-100.0, 0.0])).tolist()]
        [0.001, 1.0]
    """
    return LEAST + (1 - LEAST) * softplus(raw + SHIFT)


def surplus(raw: Tensor) -> Tensor:
    """gain(raw) - 1, with all its digits near raw = 0, where the difference would cancel.

    Example:
        >>> surplus(torch.tensor([0.0, -100.0])).tolist()
        [0.0, -0.9990000128746033]
    """
    # log(1 + exp(raw)·(e - 1)) - 1, as log(1 + (1 - 1/e)·(exp(raw) - 1))
    near = torch.log1p(-math.expm1(-1.0) * torch.expm1(raw.clamp(max=1.0)))
    return (1 - LEAST) * torch.where(raw < 1.0, near, softplus(raw + SHIFT) - 1)


def within_reach(x: Tensor) -> Tensor:
    """x, clipped where sums of its squares or products would overflow; tanh is flat long before.

    Example:
        >>> within_reach(torch.tensor([2.0, 3e38])).isfinite().tolist()
        [True, True]
    """
    limit = math.sqrt(torch.finfo(x.dtype).max) / 1024
    return x.clamp(-limit, limit)


def stretch(h: Tensor, gain: Tensor) -> Tensor:
    """The slope of a + (gain - 1)·tanh(a), with h = tanh(a), as a sum of positive terms."""
    square = h.square()
    return (1 - square) * gain + square


def undo(target: Tensor, gain: Tensor, name: str) -> Tensor:
    """a with a + (gain - 1)·tanh(a) = target, element by element; the shapes broadcast.

    An increasing function whose root lies within |gain - 1| of the target: found by bracketed
    Newton steps, and differentiated implicitly with respect to both arguments.

    Example:
        >>> undo(torch.tensor([0.0, 1.0 + math.tanh(1.0)]), torch.tensor(2.0), "a").tolist()
        [0.0, 1.0]
    """

    def excess(a: Tensor) -> tuple[Tensor, Tensor]:
        h = a.tanh()
        return a + (gain - 1) * h - target, stretch(h, gain)

    middle = target.detach()
    reach = (gain.detach() - 1).abs() + 1e-3 * (1 + middle.abs())
    a = increasing_root(excess, middle - reach, middle + reach, name=name)
    # One Newton step from the root leaves it in place and carries the implicit derivative.
    value, slope = excess(a)
    return a - value / slope.detach()
