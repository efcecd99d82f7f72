"""The coordinate of a number: bounds and scale taken away, far values taken in logarithmically."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pushforward.numerics import without_outliers
from pushforward.transforms.columns.range import END, Range

TAIL = 2.0  # deviations up to which the coordinate of heavy tails is linear, about
MARGIN = 1e-3  # of the range of the data, on either side
HEAVY = 12.0  # deviations beyond which one in a thousand lies where tails are heavy


class Coordinate(nn.Module):
    """y(x): increasing, onto the real line, about standard once `initialize` has seen data.

    log(x - lower) or the logit within bounds, then location and scale. Without bounds, where the
    data's tails are heavy, then t·asinh(·/t), so that logistic tails in y are power laws in x. Else
    the range of the data is remembered.

    Args:
        lower, upper: open bounds of x, or None.
        period: they are one and the same point: y is linear between them, and that is the range.

    Example:
        >>> y = Coordinate(lower=0.0)
        >>> float(y(torch.tensor([1.0]))[0])
        0.0
    """

    loc: Tensor
    scale: Tensor
    heavy: Tensor
    ends: Tensor
    log_share: Tensor
    beyond: Tensor

    def __init__(
        self, lower: float | None = None, upper: float | None = None, period: bool = False
    ) -> None:
        super().__init__()
        self.turn = (lower, upper) if period else None
        self.lower, self.upper = (None, None) if period else (lower, upper)
        self.register_buffer("loc", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("heavy", torch.tensor(False))
        self.register_buffer("ends", torch.tensor([-END, END]))
        self.register_buffer("log_share", torch.tensor(-math.inf))
        self.register_buffer("beyond", torch.ones(()))
        if self.turn is not None:
            assert lower is not None
            assert upper is not None
            self.loc.fill_((lower + upper) / 2)
            self.scale.fill_((upper - lower) / 4)
            self.ends.copy_(self._turned())

    @torch.no_grad()
    def initialize(self, x: Tensor, weight: Tensor | None = None, half: float = 0.0) -> None:
        """Set location and scale from x (n) within the bounds, without its outliers, and the range.

        Args:
            half: of a cell's width, if x is that of cells.
        """
        every = self._unbounded(x.double())[0]
        u = without_outliers(every[:, None])[:, 0]
        share = torch.ones_like(u) if weight is None else weight.double()
        loc = (share * u).sum() / share.sum()
        scale = ((share * (u - loc).square()).sum() / share.sum()).sqrt()
        self.loc.copy_(loc)
        self.scale.copy_(scale if float(scale) > 0 else torch.ones(()))
        if self.turn is not None:
            self.ends.copy_(self._turned())
            self.log_share.fill_(-math.log(2 * (len(x) + 1)))
            return
        far = ((every - loc).abs() > HEAVY * self.scale).double().mean()
        self.heavy.copy_(far > 1e-3 if self.lower is None and self.upper is None else far < 0)
        low, high = ((end - loc) / self.scale for end in (every.min() - half, every.max() + half))
        margin = torch.finfo(torch.float32).eps if half else MARGIN * (high - low).clamp(min=1)
        self.ends.copy_(torch.stack([low - margin, high + margin]))
        self.log_share.fill_(-math.log(2 * (len(x) + 1)))
        # how far the largest of n normal numbers is beyond the next, in units of their range
        self.beyond.copy_((high - low).clamp(min=0.01) / (4 * math.log(len(x) + 1)))

    def _turned(self) -> Tensor:
        """The ends of a turn, (2), a rounding apart from it."""
        apart = torch.finfo(torch.float32).eps * torch.tensor([-4.0, 4.0])
        return (torch.tensor(self.turn) - self.loc) / self.scale + apart

    @property
    def range(self) -> Range | None:
        """Where values were seen; None where tails are heavy, or before `initialize`."""
        if self.turn is not None:
            return Range(self.ends[0], self.ends[1], self.log_share, self.beyond, bounded=True)
        if bool(self.heavy) or bool(self.log_share.isinf()):
            return None
        return Range(self.ends[0], self.ends[1], self.log_share, self.beyond)

    def forward(self, x: Tensor) -> Tensor:
        """y of x, of any shape; ends of the bounds give an infinite y."""
        return self.with_slope(x)[0]

    def with_slope(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y and log dy/dx, of the shape of x."""
        u, log_slope = self._unbounded(x)
        v = (u - self.loc) / self.scale
        log_slope = log_slope - self.scale.log()
        if not bool(self.heavy):
            return v, log_slope
        log_slope = log_slope - torch.hypot(v / TAIL, torch.ones_like(v)).log()
        return TAIL * torch.asinh(v / TAIL), log_slope

    def inverse(self, y: Tensor) -> Tensor:
        """x of y, in float64 within."""
        kind = y.dtype
        v = y.double()
        if bool(self.heavy):
            v = torch.sinh((v / TAIL).clamp(-80, 80)) * TAIL
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
