"""Does a density integrate to one, above 2-D? By a bridge between samples and a proposal."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.diagnostics.quadrature import Density, scores


@dataclass(frozen=True)
class Estimate:
    """∫p from draws: its standard error, and how many draws of equal weight they amount to."""

    value: float
    standard_error: float
    ess: float
    draws: int


@torch.no_grad()
def bridge(
    log_density: Density, samples: Tensor, *, components: int = 8, df: int = 5, seed: int = 0
) -> Estimate:
    """∫ exp(log_density) from samples of it and draws of a proposal whose density is known.

    The proposal q is a mixture of multivariate t distributions about the components of a Gaussian
    mixture (scikit-learn), fitted to the first half of the samples; it knows nothing of the flow's
    own density. The plain mean of p/q over draws of q can be far off and not know it, where q
    hardly reaches a part of p. The bridge (Meng & Wong 1996, optimal form) weighs draws of q
    against the second half of the samples, which do reach it: its error stays finite and known.

    Args:
        log_density: points (n, d) -> log p (n).
        samples: (n, d) from the density.
        components: of the proposal.
        df: degrees of freedom of its tails.
        seed: of fit and draws.

    Example:
        >>> from pushforward.distributions import Normal
        >>> base = Normal(3).double()
        >>> found = bridge(base.log_prob, base.sample((4000,)), components=1)
        >>> abs(found.value - 1) < 4 * found.standard_error
        True
    """
    # In units of each coordinate's deviation, so that one ridge suits all.
    deviation = samples.double().cpu().std(0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    first, own = (samples.double().cpu() / deviation).tensor_split(2)
    proposal = _TMixture.fit(first, components, df, seed)
    draws = proposal.sample(2 * len(own))

    def excess(points: Tensor) -> Tensor:
        """log q - log p."""
        log_p = scores(log_density, (points * deviation).to(samples)).cpu() + deviation.log().sum()
        return proposal.log_prob(points) - log_p

    at_draws, at_own = excess(draws), excess(own)
    share = len(own) / (len(own) + len(draws))

    def means(total: Tensor) -> tuple[Tensor, Tensor]:
        """Terms whose means' ratio is ∫p when `total` is: bounded, wherever the points lie."""
        return (
            1 / (share / total + (1 - share) * at_draws.exp()),
            1 / (share / total * (-at_own).exp() + (1 - share)),
        )

    total = torch.ones((), dtype=torch.float64)
    for _ in range(100):
        upper, lower = means(total)
        total, before = upper.mean() / lower.mean(), total
        if not bool((total - before).abs() > 1e-9 * total):
            break
    upper, lower = means(total)
    variance = sum(t.var() / t.mean().square() / len(t) for t in (upper, lower))
    error = total * torch.as_tensor(variance).sqrt()
    return Estimate(total.item(), error.item(), (total / error).square().item(), len(draws))


@dataclass(frozen=True)
class _TMixture:
    """Σ_k w_k t(loc_k, L_k·L_kᵀ, df), in float64 on the CPU, with its own generator."""

    weights: Tensor
    loc: Tensor
    tril: Tensor
    df: int
    generator: torch.Generator

    @classmethod
    def fit(cls, samples: Tensor, components: int, df: int, seed: int) -> _TMixture:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(components, max_iter=25, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # any proposal is a right one
            mixture.fit(samples.numpy())
        return cls(
            torch.from_numpy(mixture.weights_),
            torch.from_numpy(mixture.means_),
            torch.linalg.cholesky(torch.from_numpy(mixture.covariances_)),
            df,
            torch.Generator().manual_seed(seed),
        )

    def sample(self, count: int) -> Tensor:
        """(count, d)."""
        chosen = torch.multinomial(self.weights, count, True, generator=self.generator)
        d, g = self.loc.shape[1], self.generator
        noise = torch.randn(count, d, dtype=torch.float64, generator=g)
        # A chi-square of whole degrees is a sum of squares, which torch draws with a generator.
        squares = torch.randn(count, self.df, dtype=torch.float64, generator=g).square()
        noise = noise / squares.mean(1, keepdim=True).sqrt()
        return self.loc[chosen] + torch.einsum("nij,nj->ni", self.tril[chosen], noise)

    def log_prob(self, x: Tensor) -> Tensor:
        """(n, d) -> (n)."""
        d, df = self.loc.shape[1], self.df
        each = []
        for weight, loc, tril in zip(self.weights, self.loc, self.tril, strict=True):
            standard = torch.linalg.solve_triangular(tril, (x - loc).t(), upper=False)
            square = standard.square().sum(0)
            level = weight.log() - tril.diagonal().log().sum()
            each.append(level - 0.5 * (df + d) * torch.log1p(square / df))
        peak = math.lgamma(0.5 * (df + d)) - math.lgamma(0.5 * df)
        return torch.stack(each).logsumexp(0) + peak - 0.5 * d * math.log(df * math.pi)
