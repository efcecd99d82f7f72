"""Do the latents of held-out rows follow the base? By PITs, by radius, and by pairs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni
from pushforward.distributions import Normal

BINS = 20
BAND = 0.05  # the chance that any bar of any histogram of a perfect flow leaves its band
NULL = "z = f⁻¹(x) of held-out rows follows the base"


@dataclass(frozen=True)
class Latents:
    """Latents as probability integral transforms (PIT), uniform on [0, 1] for a perfect flow.

    Attributes:
        against: "N(0, I)" after the base's own location and scale, else "the samples' latents".
        histograms: of each coordinate's PIT, then of the radius's: counts in `BINS` equal bins.
        band: the counts that all bars of a perfect flow stay within, but for one time in twenty.
        distances: Kolmogorov-Smirnov distance from uniform of each histogram.
        chance: the distance that none of a perfect flow's would exceed, but one time in twenty.
        rows: held-out rows used.
    """

    against: str
    histograms: tuple[tuple[int, ...], ...]
    band: tuple[int, int]
    distances: tuple[float, ...]
    chance: float
    rows: int


def standard(base: Any, z: np.ndarray) -> np.ndarray | None:
    """z (n, d) in the base's own units where that is a normal without context, else None."""
    if type(base) is not Normal or base.context_features:
        return None
    loc = base.loc.detach().double().cpu().numpy()
    return (z - loc) / np.exp(base.log_scale.detach().double().cpu().numpy())


def judge_latents(
    base: Any, z: np.ndarray, sampled: np.ndarray, real_base: np.ndarray, sampled_base: np.ndarray
) -> tuple[Latents, Evidence]:
    """PIT of each coordinate and of the radius, and Spearman's correlation of each pair.

    Of a normal base the coordinates' distribution is known, and ‖z‖² is χ² with d degrees of
    freedom: one-sample Kolmogorov-Smirnov tests. Of any other base the latents of the flow's own
    samples stand for it, and minus the base's log density for the radius: two-sample tests.
    Pairs are asked only of a normal base, whose coordinates are independent: √(n - 1)·ρ ~ N(0, 1).
    One p-value, Bonferroni over coordinates, radius and pairs.

    Args:
        base: of the flow; None for an object without one.
        z: latents of held-out rows (n, d).
        sampled: of samples (m, d).
        real_base, sampled_base: what orders rows by radius where the base is not normal:
            (n) and (m), any increasing function of the distance from the base's peak.
    """
    from scipy import stats

    own = standard(base, z)
    radius = None if own is None else stats.chi2(z.shape[1]).cdf(np.square(own).sum(1))
    if own is not None and radius is not None:
        u = np.concatenate([stats.norm.cdf(own), radius[:, None]], axis=1)
        each = [stats.kstest(column, "uniform") for column in u.T]
        pairs = _pairs(own)
        size = float(len(z))
    else:
        columns = [*zip(z.T, sampled.T, strict=True), (real_base, sampled_base)]
        each = [stats.ks_2samp(a, b, method="asymp") for a, b in columns]
        u = np.stack([_level(a, b) for a, b in columns], axis=1)
        pairs = []
        size = len(z) * len(sampled) / (len(z) + len(sampled))
    distances = tuple(float(test.statistic) for test in each)
    ps = [float(test.pvalue) for test in each] + [p for _, p in pairs]
    sizes = [*distances, *(abs(rho) for rho, _ in pairs)]
    k = int(np.argmin(ps))
    histograms = tuple(tuple(int(c) for c in np.histogram(c, BINS, (0, 1))[0]) for c in u.T)
    found = Latents(
        "N(0, I)" if own is not None else "the samples' latents",
        histograms,
        _band(len(z), BINS * len(histograms), 1 if own is not None else 1 + len(z) / len(sampled)),
        distances,
        float(stats.kstwobign.isf(BAND / len(distances)) / np.sqrt(size)),
        len(z),
    )
    what = "largest KS distance of a latent" if k < len(each) else "rank correlation of two latents"
    evidence = Evidence("latents", NULL, what, sizes[k], bonferroni(ps[k], len(ps)), len(z))
    return found, evidence


def _level(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where each of a (n) stands among b (m), between 0 and 1."""
    return (np.searchsorted(np.sort(b), a) + 0.5) / (len(b) + 1)


def _pairs(z: np.ndarray) -> list[tuple[float, float]]:
    """Spearman's ρ and its p-value for each pair of independent columns."""
    from scipy import stats

    rank = stats.rankdata(z, axis=0)
    rank = (rank - rank.mean(0)) / np.maximum(rank.std(0), 1e-300)
    rho = rank.T @ rank / len(z)
    return [
        (float(rho[i, j]), float(2 * stats.norm.sf(abs(rho[i, j]) * np.sqrt(len(z) - 1))))
        for i, j in combinations(range(z.shape[1]), 2)
    ]


def _band(n: int, bars: int, inflation: float) -> tuple[int, int]:
    """Counts of one bar in `BINS`, by the binomial, Bonferroni over all bars.

    `inflation` is by how much the variance grows where the reference is itself a sample.
    """
    from scipy import stats

    tail, share = BAND / bars / 2, 1 / BINS
    if inflation == 1:
        law = stats.binom(n, share)
        return int(law.ppf(tail)), int(law.isf(tail))
    half = stats.norm.isf(tail) * np.sqrt(n * share * (1 - share) * inflation)
    return max(0, int(n * share - half)), int(np.ceil(n * share + half))
