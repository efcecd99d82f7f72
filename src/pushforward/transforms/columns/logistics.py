"""Mixtures of logistic distributions: densities, masses of intervals and draws, in log space."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pushforward.transforms.columns.range import END, Range, log1mexp

NARROWEST = -9.0  # the least log-scale of a component, in standardized units
WIDEST = 3.0


class Logistics(NamedTuple):
    """Σ_k w_k · Logistic(loc_k, scale_k), each within the range if there is one; one mixture a row.

    Attributes:
        log_weights: (rows, K), normalised; where there is a range, divided by what each component
            has in it.
        loc, log_scale: (rows, K).
        known: the range in which values were seen, or None where they may lie anywhere.
    """

    log_weights: Tensor
    loc: Tensor
    log_scale: Tensor
    known: Range | None = None

    def log_prob(self, y: Tensor) -> Tensor:
        """log f(y) of y (rows), nats."""
        t = (y[:, None] - self.loc) * (-self.log_scale).exp()
        each = logsigmoid(t) + logsigmoid(-t) - self.log_scale
        inside = torch.logsumexp(self.log_weights + each, -1)
        return inside if self.known is None else self.known.log_prob(y, inside)

    def tails(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """log P(Y < y) and log P(Y > y), (rows)."""
        end = torch.full_like(y, END)
        sides = self.log_masses(-end, y, y + end), self.log_masses(y, end, end - y)
        return sides[0].logsumexp(-1), sides[1].logsumexp(-1)

    def log_masses(self, low: Tensor, high: Tensor, width: Tensor) -> Tensor:
        """log of each part's share in [low, high]; all (rows), (rows, K), of a range (rows, K + 3).

        Widths come apart from the ends because differences of those would lose their digits; an
        end is infinite where it is ±END. The last three are what the range has besides components.
        """
        if self.known is None:
            return self.log_weights + _shares(self, low, high, width)
        first, last, within = self.known.clip(low, high, width)
        inside = (self.log_weights + _shares(self, first, last, within)).masked_fill(
            (within <= 0)[:, None], -math.inf
        )
        return torch.cat([inside, self.known.log_masses(low, high, width, within)], -1)

    def draw(
        self, log_masses: Tensor, low: Tensor, high: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """y (rows) of the mixture within [low, high], whose `log_masses` these are."""
        part = categorical(log_masses, generator)
        k = part.clamp(max=self.loc.shape[1] - 1)[:, None]
        loc, scale = self.loc.gather(1, k)[:, 0], self.log_scale.gather(1, k)[:, 0].exp()
        u = uniform(loc, generator).clamp(min=1e-12)
        if self.known is None:
            return _quantile(loc, scale, low, high, u)
        first, last, _ = self.known.clip(low, high, high - low)
        inside = _quantile(loc, scale, first, last, u)
        other = part - self.loc.shape[1]
        return torch.where(other < 0, inside, self.known.draw(other, low, high, u))


def _shares(law: Logistics, low: Tensor, high: Tensor, width: Tensor) -> Tensor:
    """log of each component's mass in [low, high] (rows), (rows, K).

    σ(b) - σ(a) = σ(b)·σ(-a)·(1 - exp(-(b - a))): exact in both tails.
    """
    rate = (-law.log_scale).exp()
    below = logsigmoid((high[:, None] - law.loc) * rate)
    above = logsigmoid((law.loc - low[:, None]) * rate)
    return below + above + log1mexp(width[:, None] * rate)


def _quantile(loc: Tensor, scale: Tensor, low: Tensor, high: Tensor, u: Tensor) -> Tensor:
    """The u-quantile of a logistic within [low, high], from the nearer tail; all (rows)."""
    a, b = (low - loc) / scale, (high - loc) / scale
    flip = a + b > 0
    a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
    # log F(t) = log(F(a) + u·(F(b) - F(a))), then t = logit of that
    log_f = torch.logaddexp(
        logsigmoid(a), u.log() + logsigmoid(b) + logsigmoid(-a) + log1mexp(b - a)
    )
    t = log_f - torch.log(-torch.expm1(log_f.clamp(max=-1e-12)))
    t = torch.minimum(torch.maximum(t, a), b)
    return torch.minimum(torch.maximum(loc + scale * torch.where(flip, -t, t), low), high)


def logistics(raw: Tensor, known: Range | None = None) -> Logistics:
    """The mixture whose parameters are raw (rows, 3K)."""
    weights, loc, log_scale = raw.chunk(3, -1)
    law = Logistics(weights.log_softmax(-1), loc, log_scale.clamp(NARROWEST, WIDEST), known)
    if known is None:
        return law
    rate = (-law.log_scale).exp()
    own = logsigmoid((known.high - law.loc) * rate) + logsigmoid((law.loc - known.low) * rate)
    own = own + torch.log1p(-torch.exp((known.low - known.high) * rate))  # a range is never narrow
    return law._replace(log_weights=law.log_weights - own + known.log_inside)


def categorical(log_weights: Tensor, generator: torch.Generator | None) -> Tensor:
    """One index (rows) for each row of log-weights (rows, K), which need not be normalised."""
    noise = uniform(log_weights, generator)
    gumbel = -torch.log(-torch.log(noise.clamp(1e-12, 1 - 1e-7)))
    return (log_weights + gumbel).argmax(-1)


def uniform(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Uniform numbers in [0, 1), of the shape, dtype and device of `like`."""
    return torch.rand(like.shape, generator=generator, dtype=like.dtype, device=like.device)
