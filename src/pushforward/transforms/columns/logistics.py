"""Mixtures of logistic distributions: densities, masses of intervals and draws, in log space."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

NARROWEST = -9.0  # the least log-scale of a component, in standardized units
WIDEST = 3.0


class Logistics(NamedTuple):
    """Σ_k w_k · Logistic(loc_k, scale_k), one mixture a row.

    Attributes:
        log_weights: (rows, K), normalised.
        loc, log_scale: (rows, K).
    """

    log_weights: Tensor
    loc: Tensor
    log_scale: Tensor

    def log_prob(self, y: Tensor) -> Tensor:
        """log f(y) of y (rows), nats."""
        t = (y[:, None] - self.loc) * (-self.log_scale).exp()
        each = logsigmoid(t) + logsigmoid(-t) - self.log_scale
        return torch.logsumexp(self.log_weights + each, -1)

    def tails(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """log P(Y < y) and log P(Y > y), (rows)."""
        t = (y[:, None] - self.loc) * (-self.log_scale).exp()
        sides = (self.log_weights + logsigmoid(t), self.log_weights + logsigmoid(-t))
        return sides[0].logsumexp(-1), sides[1].logsumexp(-1)

    def log_masses(self, low: Tensor, high: Tensor, width: Tensor) -> Tensor:
        """log of each component's mass in [low, high], times its weight; all (rows), (rows, K).

        σ(b) - σ(a) = σ(b)·σ(-a)·(1 - exp(-(b - a))): exact in both tails, and of narrow intervals,
        whose width comes apart from its ends because their difference would lose its digits.
        """
        rate = (-self.log_scale).exp()
        below = logsigmoid((high[:, None] - self.loc) * rate)
        above = logsigmoid((self.loc - low[:, None]) * rate)
        return self.log_weights + below + above + log1mexp(width[:, None] * rate)

    def draw(
        self, log_masses: Tensor, low: Tensor, high: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """y (rows) of the mixture within [low, high], whose `log_masses` these are."""
        k = categorical(log_masses, generator)[:, None]
        loc, scale = self.loc.gather(1, k)[:, 0], self.log_scale.gather(1, k)[:, 0].exp()
        a, b = (low - loc) / scale, (high - loc) / scale
        flip = a + b > 0  # from the nearer tail
        a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
        u = torch.rand(loc.shape, generator=generator, dtype=loc.dtype).clamp(min=1e-12)
        # log F(t) = log(F(a) + u·(F(b) - F(a))), then t = logit of that
        log_f = torch.logaddexp(
            logsigmoid(a), u.log() + logsigmoid(b) + logsigmoid(-a) + log1mexp(b - a)
        )
        t = log_f - torch.log(-torch.expm1(log_f.clamp(max=-1e-12)))
        t = torch.minimum(torch.maximum(t, a), b)
        return torch.minimum(torch.maximum(loc + scale * torch.where(flip, -t, t), low), high)


def logistics(raw: Tensor) -> Logistics:
    """The mixture whose parameters are raw (rows, 3K)."""
    weights, loc, log_scale = raw.chunk(3, -1)
    return Logistics(weights.log_softmax(-1), loc, log_scale.clamp(NARROWEST, WIDEST))


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) of x ≥ 0; very small where x is 0, never -inf.

    Example:
        >>> log1mexp(torch.tensor([1e-8, 0.5]))
        tensor([-18.4207,  -0.9328])
    """
    x = x.clamp(min=torch.finfo(x.dtype).tiny)
    return torch.where(
        x < 0.7, torch.log(-torch.expm1(-x)), torch.log1p(-(-x.clamp(min=0.7)).exp())
    )


def categorical(log_weights: Tensor, generator: torch.Generator | None) -> Tensor:
    """One index (rows) for each row of log-weights (rows, K), which need not be normalised."""
    noise = torch.rand(log_weights.shape, generator=generator, dtype=log_weights.dtype)
    gumbel = -torch.log(-torch.log(noise.clamp(1e-12, 1 - 1e-7)))
    return (log_weights + gumbel).argmax(-1)
