"""Where do samples and real rows differ most? Cells of the columns' space, counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni, said
from pushforward.diagnostics.material import SQRT2, Material

CELLS = 24  # at most
LEAST_IN_CELL = 100  # rows and samples together, on average
REACH = 5.0  # deviations beyond which a value counts as this far, or outliers would be all cells


@dataclass(frozen=True)
class Region:
    """One cell of a k-means partition of rows and samples together.

    A category is as far from any other as a number from another one deviation away.

    Attributes:
        number: of the cell.
        real, sampled: shares of the held-out rows and of the samples that lie there.
        where: up to three columns that set it apart, most first, with the mean of its rows there in
            the column's robust deviations from the middle; for a category its column and name, as
            "cut = Fair", with its share in the cell instead.
        p: two-sided, not corrected for the other cells.
        shares: which of `where` are shares.
    """

    number: int
    real: float
    sampled: float
    where: tuple[tuple[str, float], ...]
    p: float
    shares: tuple[bool, ...] = ()

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        shares = self.shares or (False,) * len(self.where)
        return ", ".join(
            f"{name} in {value:.0%}" if share else f"{said(name)} about {value:+.1f}"
            for (name, value), share in zip(self.where, shares, strict=True)
        )


@dataclass(frozen=True)
class Partition:
    """The cells, and in which each row lies: real (n), sampled (m), train (k)."""

    regions: tuple[Region, ...]
    real: np.ndarray
    sampled: np.ndarray
    train: np.ndarray | None


def judge_regions(material: Material, seed: int) -> tuple[Partition, Evidence]:
    """Counts of real rows and samples in each cell of a partition that knows no labels.

    Given the partition, which of a cell's rows are real is a draw without replacement if both have
    one distribution: exact two-sided tests, Bonferroni over cells.
    """
    from scipy import stats
    from sklearn.cluster import KMeans

    sides = [material.placed(material.real), material.placed(material.sampled)]
    pooled = np.clip(np.concatenate(sides), -REACH, REACH)
    n, m = len(sides[0]), len(sides[1])
    count = int(np.clip(len(pooled) // LEAST_IN_CELL, 2, CELLS))
    distinct = len(np.unique(pooled, axis=0))
    means = KMeans(min(count, distinct), n_init=1, random_state=seed).fit(pooled)
    real, sampled = means.labels_[:n], means.labels_[n:]
    names, shared = material.place_names
    middle = np.where(shared, pooled[:, : len(names)].mean(0), 0.0)
    regions = []
    for k in range(means.n_clusters):
        a, b = int((real == k).sum()), int((sampled == k).sum())
        law = stats.hypergeom(n + m, n, a + b)
        p = min(1.0, 2 * min(law.cdf(a), law.sf(a - 1)))
        place = means.cluster_centers_[k][: len(names)]
        apart = np.where(shared, place - middle, np.abs(place))  # no word of rare categories
        top = np.argsort(-apart, kind="stable")[:3]
        size = np.where(shared, place * SQRT2, place)
        where = tuple((names[j], float(size[j])) for j in top)
        regions.append(
            Region(k, a / n, b / m, where, float(p), tuple(bool(shared[j]) for j in top))
        )
    worst = min(regions, key=lambda r: r.p)
    train = None
    if material.train is not None:
        learned = np.clip(material.placed(material.train), -REACH, REACH)
        train = means.predict(learned)
    null = "samples are as frequent as held-out rows everywhere"
    what = f"samples for each row where {worst.place}"
    ratio = worst.sampled / worst.real if worst.real else float("inf")
    p = bonferroni(worst.p, len(regions))
    ordered = tuple(sorted(regions, key=lambda r: r.p))
    return Partition(ordered, real, sampled, train), Evidence("regions", null, what, ratio, p, n)
