"""A law learned from samples: a monotone spline through their distribution function."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pushforward.constraints import Interval, real
from pushforward.errors import ConfigurationError, DataError
from pushforward.laws.base import Law
from pushforward.numerics import increasing_root


class Empirical(Law):
    """The distribution function of samples, smoothed by a monotone cubic spline.

    The spline interpolates the sample quantiles at evenly spaced probabilities; its slopes are
    those of PCHIP (Fritsch & Butland 1984, as SciPy has them), so that it rises strictly and the
    density is positive. On an unbounded side the tail beyond the outermost knot is exponential,
    with the mean excess of the samples there; towards a finite edge of the support the
    distribution function runs straight to the edge.

    Args:
        samples: n numbers, a tensor or an array; ties are drawn together into one knot.
        support: the interval in which X lies, the real line unless told.
        knots: how many quantiles; 2·n^0.4 (at most 512) where None.

    Raises:
        ConfigurationError: fewer than two knots.
        DataError: samples that are not finite, outside the support, or with fewer than three
            distinct quantiles.

    Example:
        >>> from pushforward.constraints import unit
        >>> law = Empirical(torch.linspace(0.001, 0.999, 999), support=unit)
        >>> round(law.cdf(torch.tensor([0.3], dtype=torch.float64)).item(), 3)
        0.3
    """

    numerical = True

    def __init__(self, samples: Any, support: Interval = real, knots: int | None = None) -> None:
        values = torch.as_tensor(samples).detach().cpu().double().flatten()
        self.support = support
        _accept(values, support)
        count = min(512, round(2 * len(values) ** 0.4)) if knots is None else knots
        if count < 2:
            raise ConfigurationError(f"A spline needs two knots or more, but knots={knots}.")
        self.x, self.p = _knots(values, count)
        self.slopes = _pchip_slopes(self.x, self.p)
        self._shape_tails(values)

    def _shape_tails(self, values: Tensor) -> None:
        """Knots at finite edges; else the end's slope, from the mean excess beyond it."""
        x, p, slopes = self.x, self.p, self.slopes
        steepest = 3 * (p.diff() / x.diff())  # a cubic piece stays monotone up to here
        if math.isinf(self.support.low):
            excess = (x[0] - values[values < x[0]]).mean()
            slopes[0] = torch.fmin(p[0] / excess, 0.9 * steepest[0])
        if math.isinf(self.support.high):
            excess = (values[values > x[-1]] - x[-1]).mean()
            slopes[-1] = torch.fmin((1 - p[-1]) / excess, 0.9 * steepest[-1])
        if math.isfinite(self.support.low):
            self._add_edge(self.support.low, 0.0, at=0)
        if math.isfinite(self.support.high):
            self._add_edge(self.support.high, 1.0, at=-1)

    def _add_edge(self, edge: float, level: float, at: int) -> None:
        """A straight piece from the outermost knot to an edge of the support."""
        slope = ((self.p[at] - level) / (self.x[at] - edge)).reshape(1)
        steepest = 2.7 * (self.p.diff() / self.x.diff())[at]
        # The knot that they share has the straight piece's slope, as far as the spline allows.
        self.slopes[at] = torch.minimum(slope[0], steepest)
        for name, new in (("x", edge), ("p", level), ("slopes", 2 * slope - self.slopes[at])):
            parts = [getattr(self, name), torch.as_tensor(new, dtype=torch.float64).reshape(1)]
            setattr(self, name, torch.cat(parts if at else parts[::-1]))

    def log_prob(self, x: Tensor) -> Tensor:
        x0, last = self.x[0], self.x[-1]
        piece, t, width = self._locate(x)
        rise = (self.p[piece + 1] - self.p[piece]) / width
        left, right = self.slopes[piece], self.slopes[piece + 1]
        density = 6 * t * (1 - t) * rise + (1 - t) * (1 - 3 * t) * left + t * (3 * t - 2) * right
        # Written for t in [0, 1]; beyond the knots t is clamped and the tail's exponent takes over.
        below, above = (x - x0).clamp(max=0), (x - last).clamp(min=0)
        decay = below * self._rate(0) - above * self._rate(-1)
        return density.clamp(min=torch.finfo(x.dtype).tiny).log() + decay

    def cdf(self, x: Tensor) -> Tensor:
        below, above = self._tails(x)
        inner = torch.where(x > self.x[-1], 1 - above, self._inner(x))
        return torch.where(x < self.x[0], below, inner)

    def sf(self, x: Tensor) -> Tensor:
        below, above = self._tails(x)
        inner = torch.where(x < self.x[0], 1 - below, self._inner(x, upper=True))
        return torch.where(x > self.x[-1], above, inner)

    def _tails(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """P(X ≤ x) for x below the first knot, P(X > x) for x above the last."""
        below, above = (x - self.x[0]).clamp(max=0), (x - self.x[-1]).clamp(min=0)
        return (
            self.p[0] * (below * self._rate(0)).exp(),
            (1 - self.p[-1]) * (-above * self._rate(-1)).exp(),
        )

    def icdf(self, p: Tensor) -> Tensor:
        inner = self._invert(p, upper=False)
        if self.p[0] == 0:
            return inner
        return torch.where(p < self.p[0], self.x[0] + (p / self.p[0]).log() / self._rate(0), inner)

    def isf(self, q: Tensor) -> Tensor:
        inner, last = self._invert(q, upper=True), 1 - self.p[-1]
        if last == 0:
            return inner
        return torch.where(q < last, self.x[-1] - (q / last).log() / self._rate(-1), inner)

    def _rate(self, end: int) -> Tensor:
        """The exponential tail's rate, density over mass; 0 where the support ends at the knot."""
        mass = self.p[0] if end == 0 else 1 - self.p[-1]
        return self.slopes[end] / mass if mass > 0 else torch.zeros_like(mass)

    def _locate(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The piece that holds x, the share t of it that lies below x, and its width."""
        piece = torch.searchsorted(self.x, x.detach().contiguous(), right=True) - 1
        piece = piece.clamp(0, len(self.x) - 2)
        width = self.x[piece + 1] - self.x[piece]
        return piece, ((x - self.x[piece]) / width).clamp(0, 1), width

    def _inner(self, x: Tensor, upper: bool = False) -> Tensor:
        piece, t, width = self._locate(x)
        return self._share(piece, t, width, upper)[0]

    def _share(self, piece: Tensor, t: Tensor, width: Tensor, upper: bool) -> tuple[Tensor, Tensor]:
        """F (or, from the other end, P(X > x)) in a piece, and its derivative in t."""
        low, high = self.p[piece], self.p[piece + 1]
        left, right = self.slopes[piece] * width, self.slopes[piece + 1] * width
        if upper:
            t, low, high, left, right = 1 - t, 1 - high, 1 - low, right, left
        rise = high - low
        value = low + t * (left + t * (3 * rise - 2 * left - right + t * (left + right - 2 * rise)))
        slope = left + t * (6 * rise - 4 * left - 2 * right + 3 * t * (left + right - 2 * rise))
        return value, slope

    @torch.no_grad()
    def _invert(self, share: Tensor, upper: bool) -> Tensor:
        known = share.isnan().logical_not()
        held = torch.where(known, share, 0.5)
        levels = (1 - self.p).flip(0) if upper else self.p
        piece = torch.searchsorted(levels, held.contiguous(), right=True) - 1
        piece = piece.clamp(0, len(self.p) - 2)
        held = held.clamp(levels[0], levels[-1])
        piece = len(self.p) - 2 - piece if upper else piece
        width = self.x[piece + 1] - self.x[piece]

        def excess(s: Tensor) -> tuple[Tensor, Tensor]:
            value, slope = self._share(piece, 1 - s if upper else s, width, upper)
            # At the piece's own ends the sign is known, whatever the rounding.
            value = torch.where(s <= 0, -1.0, torch.where(s >= 1, 1.0, value - held))
            return value, slope

        s = increasing_root(excess, torch.zeros_like(held), torch.ones_like(held), name="Empirical")
        x = self.x[piece + 1] - width * s if upper else self.x[piece] + width * s
        return torch.where(known, x, share)


def _accept(values: Tensor, support: Interval) -> None:
    strange = ~(values.isfinite() & (values >= support.low) & (values <= support.high))
    if bool(strange.any()):
        where = int(strange.nonzero()[0])
        raise DataError(f"Sample {where} is {values[where]:g}, which is not in {support}.")
    if len(values) < 8:
        raise DataError(f"A law is learned from eight samples or more, not from {len(values)}.")


def _knots(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`count` quantiles and their probabilities; equal quantiles become one knot of mean level."""
    import numpy as np

    levels = (torch.arange(count, dtype=torch.float64) + 1) / (count + 1)
    quantiles = torch.from_numpy(np.quantile(values.numpy(), levels.numpy(), method="weibull"))
    inside = (quantiles > values.min()) & (quantiles < values.max())
    x, group = torch.unique(quantiles[inside], return_inverse=True)
    if len(x) < 3:
        raise DataError(
            f"The samples have {len(x)} distinct quantiles inside their range: too few for a law; "
            "they look discrete or constant."
        )
    sums = torch.zeros_like(x).index_add(0, group, levels[inside])
    return x, sums / torch.bincount(group)


def _pchip_slopes(x: Tensor, p: Tensor) -> Tensor:
    from scipy.interpolate import PchipInterpolator

    slopes = PchipInterpolator(x.numpy(), p.numpy()).derivative()(x.numpy())
    secants = p.diff() / x.diff()
    # PCHIP's own ends may be flat; they are replaced or, at least, kept rising.
    slopes = torch.from_numpy(slopes)
    slopes[0], slopes[-1] = slopes[0].clamp(min=0.1 * secants[0]), secants[-1]
    return slopes
