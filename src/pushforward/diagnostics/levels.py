"""Are the categories of a column as frequent among samples as among real rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni, said
from pushforward.diagnostics.kinds import Kinds

FEW_EXPECTED = 5  # cells of a category; fewer are counted with other rare ones


@dataclass(frozen=True)
class LevelShare:
    """One category of one column.

    Attributes:
        column: its name.
        level: the name of the category.
        code: of the category.
        real, sampled: its share among the cells that are there, of rows and of samples.
        p: two-sided, not corrected for the other categories.
    """

    column: str
    level: str
    code: int
    real: float
    sampled: float
    p: float

    @property
    def place(self) -> str:
        """ "cut = Fair", for instance."""
        return f"{said(self.column)} = {said(self.level)}"


def judge_levels(
    names: tuple[str, ...], kinds: Kinds, real: np.ndarray, sampled: np.ndarray
) -> tuple[tuple[LevelShare, ...], Evidence | None]:
    """Every category by Fisher's exact test; Bonferroni over all of them.

    Args:
        real, sampled: (n, d) and (m, d), codes in columns of categories, NaN where missing.

    Returns:
        Every category, most surprising first; no evidence without one.

    Example:
        >>> kinds, codes = Kinds(True, (("a", "b"),)), np.arange(400)[:, None] % 2.0
        >>> found, evidence = judge_levels(("x",), kinds, codes, 0 * codes)
        >>> found[0].real, found[0].place, evidence.p < 1e-6
        (0.5, 'x = a', True)
    """
    from scipy import stats

    found = []
    for j, levels in enumerate(kinds.levels):
        a, b = (side[:, j][~np.isnan(side[:, j])] for side in (real, sampled))
        if not levels or not len(a) or not len(b):
            continue
        for code, level in enumerate(levels):
            here, there = int((a == code).sum()), int((b == code).sum())
            law = stats.hypergeom(len(a) + len(b), len(a), here + there)
            p = min(1.0, 2 * min(law.cdf(here), law.sf(here - 1)))
            share = here / len(a), there / len(b)
            found.append(LevelShare(names[j], level, code, *share, float(p)))
    if not found:
        return (), None
    found.sort(key=lambda s: (s.p, -abs(s.real - s.sampled)))
    worst = found[0]
    null = "each category is as frequent among samples as among held-out rows"
    what = f"difference of shares, {worst.place}"
    p = bonferroni(worst.p, len(found))
    value = worst.sampled - worst.real
    return tuple(found), Evidence("levels", null, what, value, p, len(real))


def shares_differ(a: np.ndarray, b: np.ndarray) -> float:
    """p of χ² of codes a (n) and b (m): equal shares? Rare codes are counted together.

    Example:
        >>> shares_differ(np.zeros(50), np.ones(50)) < 1e-6
        True
    """
    from scipy import stats

    codes, which = np.unique(np.concatenate([a, b]), return_inverse=True)
    table = np.stack([np.bincount(w, minlength=len(codes)) for w in np.split(which, [len(a)])])
    expected = table.sum(0) * min(len(a), len(b)) / len(which)
    rare = expected < FEW_EXPECTED
    counted = np.concatenate([table[:, ~rare], table[:, rare].sum(1, keepdims=True)], 1)
    counted = counted[:, counted.sum(0) > 0]
    if counted.shape[1] < 2:
        return 1.0
    return float(stats.chi2_contingency(counted, correction=False).pvalue)
