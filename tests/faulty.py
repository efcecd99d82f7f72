"""Truths whose density is known, and flows of them that are wrong in one named way.

Every case is drawn anew from its seed: means, covariances, which mode, which pair. Nothing is
trained, so that only the fault tells a case from the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import pushforward as pf
from pushforward.distributions import GaussianMixture, MultivariateNormal, StudentT
from pushforward.transforms import Affine

FEATURES = 4
TRAIN, HELDOUT = 2000, 1500


@dataclass
class Case:
    """A flow to be judged, with rows of the truth."""

    flow: Any
    train: Tensor
    heldout: Tensor


def mixture(weights: Tensor, means: Tensor, lower: Tensor) -> pf.Flow:
    """A flow of no steps whose base is Σ w_k N(mean_k, L_k·L_kᵀ)."""
    base = GaussianMixture(means.shape[1], components=len(weights))
    with torch.no_grad():
        base.logits.copy_(weights.log())
        base.loc.copy_(means)
        base.lower.copy_(lower)
        base.log_diagonal.copy_(lower.diagonal(dim1=-2, dim2=-1).log())
    return pf.Flow(base).requires_grad_(False)


def normal(mean: Tensor, covariance: Tensor) -> pf.Flow:
    """A flow of no steps whose base is N(mean, covariance)."""
    base = MultivariateNormal(len(mean))
    tril = torch.linalg.cholesky(covariance)
    base.loc.copy_(mean)
    base.lower.copy_(tril)
    base.log_diagonal.copy_(tril.diagonal().log())
    return pf.Flow(base)


def spread(d: int = FEATURES) -> Tensor:
    """A Cholesky factor of a random covariance, deviations about 1."""
    factor = torch.eye(d) + 0.4 * torch.randn(d, d).tril(-1)
    return factor / factor.norm(dim=1, keepdim=True) * (0.6 + 0.8 * torch.rand(d, 1))


def three_modes() -> tuple[Tensor, Tensor, Tensor]:
    """Weights .5, .35, .15; means six deviations apart; covariances that differ."""
    directions = torch.linalg.qr(torch.randn(FEATURES, FEATURES)).Q[:3]
    means = 6 / math.sqrt(2) * directions + torch.randn(FEATURES)
    return torch.tensor([0.5, 0.35, 0.15]), means, torch.stack([spread() for _ in range(3)])


def correlated(d: int = FEATURES) -> Tensor:
    """A covariance in which one pair of columns correlates by 0.6, all others less."""
    covariance = spread(d) @ torch.eye(d)
    covariance = covariance @ covariance.t()
    i, j = _pair(d)
    deviation = covariance.diagonal().sqrt()
    covariance = 0.3 * covariance + 0.7 * torch.diag(deviation**2)
    covariance[i, j] = covariance[j, i] = 0.6 * deviation[i] * deviation[j]
    return covariance


def _pair(d: int) -> tuple[int, int]:
    return 0, d - 1


class Kernel:
    """A normal kernel about every training row: a copier, as a density and as a sampler."""

    def __init__(self, rows: Tensor, bandwidth: float) -> None:
        self.rows, self.bandwidth = rows, bandwidth * rows.std(0)

    def log_prob(self, x: Tensor) -> Tensor:
        apart = torch.cdist(x / self.bandwidth, self.rows / self.bandwidth).square() / 2
        constant = self.bandwidth.log().sum() + x.shape[1] / 2 * math.log(2 * math.pi)
        return torch.logsumexp(-apart, 1) - math.log(len(self.rows)) - constant

    def sample(self, shape: tuple[int, ...]) -> Tensor:
        chosen = self.rows[torch.randint(len(self.rows), shape)]
        return chosen + self.bandwidth * torch.randn_like(chosen)

    def encode(self, x: Tensor) -> Tensor:
        return x


def _rows(truth: pf.Flow) -> tuple[Tensor, Tensor]:
    return truth.sample((TRAIN,)), truth.sample((HELDOUT,))


def true_modes() -> Case:
    """Three modes, judged by themselves."""
    truth = mixture(*three_modes())
    return Case(truth, *_rows(truth))


def true_normal() -> Case:
    """A normal with one strong correlation, judged by itself."""
    truth = normal(torch.randn(FEATURES), correlated())
    return Case(truth, *_rows(truth))


def true_tails() -> Case:
    """Student's t with 3 degrees of freedom, judged by itself."""
    truth = pf.Flow(StudentT(FEATURES, df=3.0), Affine(1.0, 2.0))
    return Case(truth, *_rows(truth))


def underfit() -> Case:
    """One normal with the moments of three modes."""
    train, heldout = _rows(mixture(*three_modes()))
    return Case(normal(train.mean(0), train.T.cov()), train, heldout)


def too_wide() -> Case:
    """Three modes, each of twice its deviation."""
    weights, means, lower = three_modes()
    return Case(mixture(weights, means, 2 * lower), *_rows(mixture(weights, means, lower)))


def memorised() -> Case:
    """A kernel density of the training rows, of a tenth of their deviation."""
    train, heldout = _rows(normal(torch.randn(FEATURES), correlated()))
    return Case(Kernel(train, 0.1), train, heldout)


def mode_dropped() -> Case:
    """The smallest of three modes, 15% of the rows, is not there."""
    weights, means, lower = three_modes()
    rest = mixture(weights[:2] / weights[:2].sum(), means[:2], lower[:2])
    return Case(rest, *_rows(mixture(weights, means, lower)))


def correlation_broken() -> Case:
    """The strong correlation is gone; every column and other pair is right."""
    covariance, mean = correlated(), torch.randn(FEATURES)
    i, j = _pair(FEATURES)
    without = covariance.clone()
    without[i, j] = without[j, i] = 0.0
    return Case(normal(mean, without), *_rows(normal(mean, covariance)))


def tail_thinned(scale: float = 0.7649 / 0.6745) -> Case:
    """A normal of the centre and quartiles of Student's t with 3 degrees of freedom."""
    truth = pf.Flow(StudentT(FEATURES, df=3.0), Affine(1.0, 2.0))
    wrong = pf.Flow(pf.distributions.Normal(FEATURES), Affine(1.0, 2.0 * scale))
    return Case(wrong, *_rows(truth))


def fitted_normal() -> Case:
    """A normal of the centre and deviation of Student's t: what maximum likelihood would fit."""
    return tail_thinned(math.sqrt(3.0))


TRUE: dict[str, Callable[[], Case]] = {
    "modes": true_modes,
    "normal": true_normal,
    "tails": true_tails,
}
FAULTY: dict[str, tuple[str, Callable[[], Case]]] = {
    "underfit": ("underfit", underfit),
    "too wide": ("underfit", too_wide),
    "memorised": ("memorised", memorised),
    "mode dropped": ("mode dropped", mode_dropped),
    "correlation broken": ("correlation broken", correlation_broken),
    "tail thinned": ("tail thinned", tail_thinned),
    "normal fitted to heavy tails": ("tail thinned", fitted_normal),
}


def made(make: Callable[[], Case], seed: int) -> Case:
    """The case of this seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()
