"""The coordinate of a number: bounds and scale taken away, far values taken in logarithmically."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pushforward.numerics import without_outliers

END = 1e4  # stands for an infinite coordinate: with a true infinity gradients would be NaN
TAIL = 2.0  # deviations up to which the coordinate of heavy tails is linear, about
STEEP = 20.0  # how much steeper the coordinate is beyond the range of the data
MARGIN = 0.01  # of that range, on either side
HEAVY = 12.0  # deviations beyond which one in a thousand lies where tails are heavy


class Coordinate(nn.Module):
    """y(x): increasing, onto the real line, about standard once `initialize` has seen data.

    log(x - lower) or the logit within bounds, then location and scale. Without bounds, where the
    data's tails are heavy, then t·asinh(·/t), so that logistic tails in y are power laws in x. Else
    y is steeper beyond the range of the data: tails of which nothing was seen are thin.

    Args:
        lower, upper: open bounds of x, or None.

    Example:
        >>> y = Coordinate(lower=0.0)
        >>> float(y(torch.tensor([1.0]))[0])
        0.0
    """

    loc: Tensor
    scale: Tensor
    heavy: Tensor
    least: Tensor
    most: Tensor

    def __init__(self, lower: float | None = None, upper: float | None = None) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper
        self.register_buffer("loc", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("heavy", torch.tensor(False))
        self.register_buffer("least", torch.tensor(-1e4))
        self.register_buffer("most", torch.tensor(1e4))

    @torch.no_grad()
    def initialize(self, x: Tensor, weight: Tensor | None = None) -> None:
        """Set location and scale from x (n) within the bounds, without its outliers."""
        every = self._unbounded(x.double())[0]
        u = without_outliers(every[:, None])[:, 0]
        share = torch.ones_like(u) if weight is None else weight.double()
        loc = (share * u).sum() / share.sum()
        scale = ((share * (u - loc).square()).sum() / share.sum()).sqrt()
        self.loc.copy_(loc)
        self.scale.copy_(scale if float(scale) > 0 else torch.ones(()))
        far = ((every - loc).abs() > HEAVY * self.scale).double().mean()
        self.heavy.copy_(far > 1e-3 if self.lower is None and self.upper is None else far < 0)
        low, high = ((end - loc) / self.scale for end in (every.min(), every.max()))
        margin = MARGIN * (high - low) + torch.finfo(torch.float32).eps
        self.least.copy_(low - margin)
        self.most.copy_(high + margin)

    def forward(self, x: Tensor) -> Tensor:
        """y of x, of any shape; ends of the bounds give an infinite y."""
        return self.with_slope(x)[0]

    def with_slope(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y and log dy/dx, of the shape of x."""
        u, log_slope = self._unbounded(x)
        v = (u - self.loc) / self.scale
        log_slope = log_slope - self.scale.log()
        if not bool(self.heavy):
            beyond = v - v.clamp(self.least, self.most)
            log_slope = torch.where(beyond == 0, log_slope, log_slope + math.log(STEEP))
            return v + (STEEP - 1) * beyond, log_slope
        log_slope = log_slope - torch.hypot(v / TAIL, torch.ones_like(v)).log()
        return TAIL * torch.asinh(v / TAIL), log_slope

    def inverse(self, y: Tensor) -> Tensor:
        """x of y, in float64 within."""
        kind = y.dtype
        v = y.double()
        if bool(self.heavy):
            v = torch.sinh((v / TAIL).clamp(-80, 80)) * TAIL
        else:
            inside = v.clamp(self.least, self.most)
            v = inside + (v - inside) / STEEP
        u = v * self.scale + self.loc
        lower, upper = self.lower, self.upper
        if lower is not None and upper is not None:
            x = lower + (upper - lower) * u.sigmoid()
        elif lower is not None:
            x = lower + u.clamp(max=300.0).exp()
        elif upper is not None:
            x = upper - (-u).clamp(max=300.0).exp()
        else:
            x = u
        return x.to(kind)

    def _unbounded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x taken to the whole line, and the log of that map's slope."""
        lower, upper = self.lower, self.upper
        if lower is None and upper is None:
            return x, torch.zeros_like(x)
        if lower is not None and upper is not None:
            below, above = (x - lower).log(), (upper - x).log()
            return below - above, math.log(upper - lower) - below - above
        if lower is not None:
            below = (x - lower).log()
            return below, -below
        above = (upper - x).log()  # type: ignore[operator]
        return -above, -above
