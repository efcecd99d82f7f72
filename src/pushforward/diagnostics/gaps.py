"""Missing cells: are they missing whatever the row holds? Samples have none, and must be alike."""

from __future__ import annotations

import numpy as np

from pushforward.diagnostics.levels import shares_differ

LEAST = 20  # gaps, and cells, of a column that can be asked
MOST = 40  # columns that are asked: those with the most gaps
SURE = 0.01


def telling(x: np.ndarray, category: np.ndarray) -> tuple[int, int] | None:
    """Two columns (k, j) such that k is missing more often for some values of j; None where none.

    Every pair is asked by a two-sample test (Kolmogorov & Smirnov's, or χ² of categories) of the
    cells of j in rows with and without a gap in k, Bonferroni over pairs at 1%.

    Args:
        x: (n, d), NaN where missing.
        category: which columns hold codes, (d).

    Example:
        >>> x = np.random.default_rng(0).normal(size=(500, 2))
        >>> high = x[:, 1] > 0.5
        >>> x[high, 0] = np.nan
        >>> telling(x, np.zeros(2, bool))
        (0, 1)
    """
    from scipy import stats

    missing = np.isnan(x)
    counts = missing.sum(0)
    asked = np.argsort(-counts, kind="stable")[:MOST]
    gappy = [k for k in asked if LEAST <= counts[k] <= len(x) - LEAST]
    best, tests = (2.0, (0, 0)), 0
    for k in gappy:
        for j in range(min(x.shape[1], MOST)):
            there = ~missing[:, j]
            without, having = x[there & missing[:, k], j], x[there & ~missing[:, k], j]
            if j == k or min(len(without), len(having)) < LEAST:
                continue
            tests += 1
            if category[j]:
                p = shares_differ(without, having)
            else:
                p = float(stats.ks_2samp(without, having, method="asymp").pvalue)
            best = min(best, (p, (int(k), j)))
    return best[1] if tests and best[0] * tests <= SURE else None
