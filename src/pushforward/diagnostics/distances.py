"""How far apart are samples and real rows: column by column, pair by pair, and jointly?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni, said
from pushforward.diagnostics.levels import shares_differ
from pushforward.diagnostics.material import Material

MOST_PAIRED = 40  # columns whose pairs are looked at: those of the largest distances
PERMUTATIONS = 1999
MOST_JOINT = 1000  # rows and samples of the joint distance, whose cost is quadratic


@dataclass(frozen=True)
class ColumnDistance:
    """One column of samples against real rows, by the cells that are there.

    Attributes:
        ks: the largest gap of the cumulative shares, 0 to 1 (Kolmogorov & Smirnov); of categories
            their total variation, 0 to 1: the share of rows whose category must change.
        wasserstein: the mean distance that values must move, in the column's robust deviations; of
            categories the total variation again.
        p: of ks; not corrected for the other columns.
        tailed: how much longer the tails of real rows are than those of samples, for the width of
            the middle: the range of 99% of the rows over that of one half, real over sampled; 1 of
            categories.
        measure: what `ks` is, "KS" or "total variation".
    """

    column: str
    ks: float
    wasserstein: float
    p: float
    tailed: float
    measure: str = "KS"


@dataclass(frozen=True)
class PairDistance:
    """Spearman's correlation of two columns among real rows and among samples; p uncorrected.

    Of typed columns the correlation of their scores (`judge_associations`).
    """

    columns: tuple[str, str]
    real: float
    sampled: float
    p: float

    @property
    def difference(self) -> float:
        """sampled - real."""
        return self.sampled - self.real


def judge_columns(
    names: tuple[str, ...],
    real: np.ndarray,
    sampled: np.ndarray,
    category: np.ndarray | None = None,
) -> tuple[tuple[ColumnDistance, ...], Evidence]:
    """Two-sample Kolmogorov-Smirnov of each column, or χ² of categories; Bonferroni over columns.

    Args:
        real, sampled: (n, d) and (m, d), scaled; NaN where a cell is missing.
        category: which columns hold codes, (d); None for none.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(2, 500, 1))
        >>> found, evidence = judge_columns(("a",), rows[0], 2 * rows[1])
        >>> evidence.p < 1e-6, 0.6 < found[0].wasserstein < 1.0  # √(2/π) is expected
        (True, True)
    """
    from scipy import stats

    found = []
    for j, name in enumerate(names):
        a, b = (side[:, j][~np.isnan(side[:, j])] for side in (real, sampled))
        if not len(a) or not len(b):
            found.append(ColumnDistance(name, 0.0, 0.0, 1.0, 1.0))
            continue
        if category is not None and category[j]:
            found.append(_of_categories(name, a, b))
            continue
        test = stats.ks_2samp(a, b, method="asymp")
        moved = stats.wasserstein_distance(a, b)
        tailed = _reach(a) / _reach(b)
        ks, p = float(test.statistic), float(test.pvalue)
        found.append(ColumnDistance(name, ks, float(moved), p, tailed))
    worst = min(found, key=lambda c: c.p)
    null = "each column of samples is distributed as that of held-out rows"
    distance = "KS distance" if worst.measure == "KS" else worst.measure
    what = f"{distance}, largest at {said(worst.column)}"
    p = bonferroni(worst.p, len(found))
    return tuple(found), Evidence("columns", null, what, worst.ks, p, len(real))


def _of_categories(name: str, a: np.ndarray, b: np.ndarray) -> ColumnDistance:
    codes = np.concatenate([a, b]).astype(np.int64)
    own, other = (
        np.bincount(side.astype(np.int64), minlength=codes.max() + 1) / len(side) for side in (a, b)
    )
    apart = float(np.abs(own - other).sum() / 2)
    return ColumnDistance(name, apart, apart, shares_differ(a, b), 1.0, "total variation")


def _reach(column: np.ndarray) -> float:
    """The range of 99% over that of one half; 1 where half of the rows have one value."""
    ends = np.quantile(column, [0.005, 0.25, 0.75, 0.995])
    return float((ends[3] - ends[0]) / (ends[2] - ends[1])) if ends[2] > ends[1] else 1.0


def judge_pairs(
    names: tuple[str, ...], real: np.ndarray, sampled: np.ndarray
) -> tuple[tuple[PairDistance, ...], Evidence | None]:
    """Spearman's correlation of each pair, real against sampled; Bonferroni over pairs.

    The standard error of each correlation is that of its influence function, so that it holds
    under any dependence. With more than `MOST_PAIRED` columns only those furthest apart in rank
    correlation with others are asked.

    Args:
        real, sampled: (n, d) and (m, d).

    Returns:
        All pairs, most surprising first; no evidence for a single column.
    """
    from scipy import stats

    d = len(names)
    if d < 2:
        return (), None
    own, other = _ranks(real), _ranks(sampled)
    asked = list(combinations(range(d), 2))
    if d > MOST_PAIRED:
        gaps = np.abs(12 * (own.T @ own / len(own) - other.T @ other / len(other)))
        np.fill_diagonal(gaps, 0)
        asked = sorted(asked, key=lambda ij: -gaps[ij])[: MOST_PAIRED * (MOST_PAIRED - 1) // 2]
    found = []
    for i, j in asked:
        (a, va), (b, vb) = _spearman(own, i, j), _spearman(other, i, j)
        error = math.sqrt(va + vb)
        p = 2 * stats.norm.sf(abs(a - b) / error) if error > 0 else float(a == b)
        found.append(PairDistance((names[i], names[j]), a, b, float(p)))
    found.sort(key=lambda pair: (pair.p, -abs(pair.difference)))
    worst = found[0]
    p = bonferroni(worst.p, d * (d - 1) // 2)
    null = "samples correlate as held-out rows do, pair by pair"
    what = f"difference of rank correlations, {said(worst.columns[0])} and {said(worst.columns[1])}"
    return tuple(found), Evidence("pairs", null, what, worst.difference, p, len(real))


def _ranks(x: np.ndarray) -> np.ndarray:
    from scipy import stats

    return (stats.rankdata(x, axis=0) - 0.5) / len(x) - 0.5


def _spearman(u: np.ndarray, i: int, j: int) -> tuple[float, float]:
    """12·E[u_i·u_j] and the variance of that estimate, from its influence function.

    Each row counts by its own product and by what it does to the ranks of all others:
    E[1{u_i ≤ U_i}·U_j] and the same with i and j exchanged (Hájek projection).
    """
    a, b = u[:, i], u[:, j]
    own = a * b + _above(a, b) + _above(b, a)
    return float(12 * (a * b).mean()), float(144 * own.var() / len(u))


def _above(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For each row, the mean over all rows of b where a is at least this row's a."""
    order = np.argsort(a, kind="stable")
    summed = np.cumsum(b[order][::-1])[::-1] / len(a)
    result = np.empty_like(summed)
    result[order] = summed
    return result


def judge_joint(material: Material, seed: int) -> Evidence:
    """Energy distance (Székely & Rizzo 2013) over all columns at once, by permutation."""
    real, sampled = material.placed(material.real), material.placed(material.sampled)
    rng = np.random.default_rng(seed)
    size = min(MOST_JOINT, len(real), len(sampled))
    # A row and the sample with its context stand at the same place, and change places as one.
    some = rng.permutation(min(len(real), len(sampled)))[:size]
    value, p = energy(real[some], sampled[some], rng)
    null = "samples and held-out rows have one distribution"
    return Evidence("joint distance", null, "energy distance, in deviations", value, p, size)


def energy(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """2·E|A - B| - E|A - A'| - E|B - B'| of a and b (n, d), and its permutation p-value.

    Row k of a and row k of b change places or not, at random; that leaves the distribution as it
    is both for independent samples and for such as share a context row by row.
    """
    from scipy.spatial.distance import cdist

    n = len(a)
    pooled = np.concatenate([a, b]).astype(np.float32)
    apart = cdist(pooled, pooled).astype(np.float32)
    signs = rng.choice(np.array([-1, 1], np.float32), size=(n, PERMUTATIONS + 1))
    signs[:, 0] = 1
    labels = np.concatenate([signs, -signs])  # ±1: the statistic is -s'Ds / n²
    statistic = -(labels * (apart @ labels)).sum(0) / n**2
    p = float((statistic >= statistic[0] - 1e-9).mean())
    return float(statistic[0]), p
