"""Does the flow know its training rows better than others, and does it copy them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.evidence import Evidence
from pushforward.diagnostics.material import Material
from pushforward.diagnostics.regions import Partition

AT_ONCE = 512  # rows whose distances to all training rows are held


@dataclass(frozen=True)
class Memorisation:
    """Training rows against held-out ones.

    Attributes:
        train_nll, train_error: nats per training row, and the standard error.
        gap: held-out NLL minus training NLL, nats per row; 0 for the true density.
        gap_error: its standard error.
        nearer: how often a sample is nearer to a training row than a held-out row is, within the
            same region: 0.5 for the true density, 1 for a copier (Meehan et al. 2020).
        rows: held-out rows used.
        train_rows: training rows used.
    """

    train_nll: float
    train_error: float
    gap: float
    gap_error: float
    nearer: float
    rows: int
    train_rows: int


def judge_memory(
    material: Material, partition: Partition
) -> tuple[Memorisation, tuple[Evidence, Evidence]] | None:
    """The overfit gap, by ranks (Mann & Whitney), and nearest training rows; None without them.

    Distances are in robust deviations, columns and context together; two different categories are
    one apart, and of rows with gaps the mean square over the cells that both have counts. Samples
    and held-out rows are compared within each region (van Elteren's stratified rank test), so that
    a flow which merely prefers crowded regions does not look like a copier.
    """
    from scipy import stats

    train, real = material.train, material.real
    if train is None or partition.train is None:
        return None
    n, k = len(real.scores), len(train.scores)
    test = stats.mannwhitneyu(train.scores, real.scores, alternative="greater", method="asymptotic")
    with np.errstate(invalid="ignore"):
        spread = [s.scores.std() / np.sqrt(len(s.scores)) for s in (train, real)]
        gap = float(train.scores.mean() - real.scores.mean())
    nearer, p = _nearer(material, partition)
    found = Memorisation(
        -float(train.scores.mean()),
        float(spread[0]),
        gap,
        float(np.hypot(*spread)),
        nearer,
        n,
        k,
    )
    null = "held-out rows score as training rows do"
    copies = "samples are no nearer to training rows than held-out rows are"
    what = "share of samples nearer to a training row"
    return found, (
        Evidence("overfit gap", null, "nats per row", gap, float(test.pvalue), n),
        Evidence("copies", copies, what, nearer, p, n),
    )


def _nearer(material: Material, partition: Partition) -> tuple[float, float]:
    """The share of (sample, held-out row) pairs in which the sample is nearer, and its p-value."""
    from scipy import stats

    assert material.train is not None
    train, *sides = (
        material.placed(side, gaps=True)
        for side in (material.train, material.sampled, material.real)
    )
    weight = material.place_weight
    sample_far, real_far = (_to_nearest(train, side, weight) for side in sides)
    total, variance, pairs = 0.0, 0.0, 0.0
    for region in partition.regions:
        a = real_far[partition.real == region.number]
        b = sample_far[partition.sampled == region.number]
        if len(a) < 5 or len(b) < 5:
            continue
        rank = stats.rankdata(np.concatenate([a, b]))
        size = len(a) + len(b)
        # Weights 1/(N + 1) make the most of differences that are alike in all regions.
        share = 1 / (size + 1)
        wins = rank[: len(a)].sum() - len(a) * (len(a) + 1) / 2
        total += share * (wins - len(a) * len(b) / 2)
        variance += share**2 * len(a) * len(b) * rank.var(ddof=1) / size
        pairs += share * len(a) * len(b)
    if not variance:
        return 0.5, 1.0
    return float(0.5 + total / pairs), float(stats.norm.sf(total / np.sqrt(variance)))


def _to_nearest(train: np.ndarray, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How far the nearest of `train` (k, d) is from each row (n, d); gaps are NaN.

    Each coordinate known to both counts by its weight (d) in the number of those.

    Example:
        >>> nan = float("nan")
        >>> _to_nearest(np.array([[0.0, nan], [5.0, 5.0]]), np.array([[3.0, 0.0]]), np.ones(2))
        array([3.])
    """
    from sklearn.neighbors import NearestNeighbors

    if not np.isnan(train).any() and not np.isnan(rows).any():
        tree = NearestNeighbors(n_neighbors=1).fit(train)
        return np.asarray(tree.kneighbors(rows)[0][:, 0])
    there = (~np.isnan(train)).astype(np.float32)
    known = np.nan_to_num(train).astype(np.float32)
    nearest = np.empty(len(rows))
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        own = (~np.isnan(some)).astype(np.float32)
        values = np.nan_to_num(some).astype(np.float32)
        square = (values**2) @ there.T + own @ (known**2).T - 2 * (values @ known.T)
        both = (own * weight.astype(np.float32)) @ there.T
        apart = np.where(both > 0, square / np.where(both > 0, both, 1), np.inf)
        nearest[start : start + AT_ONCE] = apart.min(1)
    # Beside nothing that is known, a row is as far as any.
    nearest[np.isinf(nearest)] = nearest[np.isfinite(nearest)].max(initial=0.0)
    return np.sqrt(np.maximum(nearest, 0.0))
