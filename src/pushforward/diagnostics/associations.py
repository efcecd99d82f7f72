"""Pairs of typed columns: how strongly each depends on the other, in rows and in samples."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from pushforward.diagnostics.distances import PairDistance
from pushforward.diagnostics.evidence import Evidence, bonferroni, said
from pushforward.diagnostics.kinds import Kinds

LEAST = 50  # rows that have both cells
MOST_COLUMNS = 40  # whose pairs are asked: the first ones
SCORE = 30  # cells of a category, before its score is believed by half


def judge_associations(
    names: tuple[str, ...], kinds: Kinds, real: np.ndarray, sampled: np.ndarray, seed: int
) -> tuple[tuple[PairDistance, ...], Evidence | None]:
    """The correlation of each pair of scores, real against sampled; Bonferroni over pairs.

    A number's score is its rank. A category's is what makes it most alike to the other column: the
    mean rank of the number there, or the first pair of canonical scores of two categories. Scores
    are learned from one half of the real rows, and both the other half and the samples are judged
    by them, so that neither side is favoured. Rows where either cell is missing are left out. The
    standard error of each correlation is that of its influence function.

    Args:
        real, sampled: (n, d) and (m, d), codes in columns of categories, NaN where missing.

    Returns:
        All pairs, most surprising first; no evidence where no pair can be asked.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.integers(3, size=2000)
        >>> rows = np.stack([a, a + 0.1 * rng.normal(size=2000)], 1)
        >>> alone = np.stack([a, rng.permutation(rows[:, 1])], 1)
        >>> kinds = Kinds(True, (("x", "y", "z"), ()))
        >>> found, evidence = judge_associations(("a", "b"), kinds, rows, alone, 0)
        >>> round(found[0].real, 1), abs(found[0].sampled) < 0.1, evidence.p < 1e-6
        (0.9, True, True)
    """
    from scipy import stats

    half = np.random.default_rng(seed).permutation(len(real)) % 2 == 0
    learned, judged = real[half], real[~half]
    found = []
    for i, j in combinations(range(min(len(names), MOST_COLUMNS)), 2):
        sides = [_both(side, i, j) for side in (learned, judged, sampled)]
        if min(len(side) for side in sides) < LEAST:
            continue
        first, second = _scorers(sides[0], kinds.levels[i], kinds.levels[j])
        (a, va), (b, vb) = (
            _correlation(first(side[:, 0]), second(side[:, 1])) for side in sides[1:]
        )
        error = math.sqrt(va + vb)
        p = 2 * stats.norm.sf(abs(a - b) / error) if error > 0 else float(abs(a - b) < 1e-9)
        found.append(PairDistance((names[i], names[j]), a, b, float(p)))
    if not found:
        return (), None
    found.sort(key=lambda pair: (pair.p, -abs(pair.difference)))
    worst = found[0]
    null = "columns of samples depend on each other as those of held-out rows do, pair by pair"
    what = f"difference of correlations, {said(worst.columns[0])} and {said(worst.columns[1])}"
    p = bonferroni(worst.p, len(found))
    return tuple(found), Evidence("pairs", null, what, worst.difference, p, len(real))


def _both(x: np.ndarray, i: int, j: int) -> np.ndarray:
    """The two columns in the rows that have both."""
    two = x[:, [i, j]]
    return two[~np.isnan(two).any(1)]


class _Ranks:
    """Where a number stands among some, between -1/2 and 1/2; equal ones share a rank."""

    def __init__(self, known: np.ndarray) -> None:
        self.known = np.sort(known)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        low = np.searchsorted(self.known, x, side="left")
        high = np.searchsorted(self.known, x, side="right")
        return (low + high) / (2 * len(self.known)) - 0.5


class _Scores:
    """A number for each category."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        return self.scores[codes.astype(np.int64)]


def _scorers(
    two: np.ndarray, first: tuple[str, ...], second: tuple[str, ...]
) -> tuple[_Ranks | _Scores, _Ranks | _Scores]:
    """How to score either column, learned from rows (n, 2) that have both."""
    if first and second:
        table = np.zeros((len(first), len(second)))
        np.add.at(table, tuple(two.astype(np.int64).T), 1.0)
        rows, columns = table.sum(1), table.sum(0)
        expected = np.outer(rows, columns) / len(two)
        # A few cells more of independence: rare categories make no score.
        damped = np.sqrt((rows + SCORE)[:, None] * (columns + SCORE))
        u, _, v = np.linalg.svd((table - expected) / damped)
        return _Scores(u[:, 0] / np.sqrt(rows + SCORE)), _Scores(v[0] / np.sqrt(columns + SCORE))
    if not first and not second:
        return _Ranks(two[:, 0]), _Ranks(two[:, 1])
    category, number = (0, 1) if first else (1, 0)
    ranks, size = _Ranks(two[:, number]), len(first or second)
    codes = two[:, category].astype(np.int64)
    summed = np.bincount(codes, ranks(two[:, number]), size)
    scores = _Scores(summed / (np.bincount(codes, minlength=size) + SCORE))
    return (scores, ranks) if first else (ranks, scores)


def _correlation(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation and the variance of that estimate, from its influence function."""
    if a.std() <= 1e-12 or b.std() <= 1e-12:
        return 0.0, 0.0
    u, v = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    r = float((u * v).mean())
    influence = u * v - r * (u**2 + v**2) / 2
    return r, float(influence.var() / len(u))
