"""The few numbers that pictures need: ranges, bins, distances. Nothing is drawn here."""

from __future__ import annotations

import numpy as np

OUTERMOST = 0.005  # the share of rows on each side that a picture leaves out
EIGHTHS = 8  # parts into which a number is cut beside a category
MOST_WHOLE = 40  # a column of so few different whole numbers is drawn number by number


def robust_range(*samples: np.ndarray | None) -> tuple[float, float]:
    """Where all but the outermost 0.5% on each side of every sample (n) lies, with a margin.

    Example:
        >>> low, high = robust_range(np.append(np.linspace(0, 1, 1001), 1e9))
        >>> round(low, 3), round(high, 3)
        (-0.035, 1.036)
    """
    ends = [np.quantile(s, [OUTERMOST, 1 - OUTERMOST]) for s in samples if s is not None]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    if not high - low > 1e-12 * max(abs(low), abs(high)):  # all but constant: give it some room
        room = max(abs(low), 1.0) * 1e-3
        return float(low - room), float(high + room)
    margin = 0.04 * (high - low)
    return float(low - margin), float(high + margin)


def bin_edges(reference: np.ndarray, low: float, high: float) -> np.ndarray:
    """Edges of a histogram from `low` to `high`, more where there are more rows.

    A column of whole numbers gets a bin for each, or each few, so that no comb appears.

    Example:
        >>> bin_edges(np.array([1.0, 2.0, 2.0, 3.0]), 0.9, 3.1)
        array([0.5, 1.5, 2.5, 3.5])
    """
    inside = reference[(reference >= low) & (reference <= high)]
    most = int(np.clip(2 * len(reference) ** (1 / 3), 6, 50))
    whole = len(inside) > 0 and bool((inside == np.round(inside)).all())
    if whole and high - low < 1e6 and len(np.unique(inside)) <= MOST_WHOLE:
        step = max(1, int(np.ceil((high - low) / MOST_WHOLE)))
        return np.arange(np.floor(inside.min()) - 0.5, np.ceil(inside.max()) + step, step)
    return np.linspace(low, high, most + 1)


def shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of all values (n), those outside included in the count, in each bin."""
    return np.histogram(values, edges)[0] / max(len(values), 1)


def ks_two(a: np.ndarray, b: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance of two samples: the largest gap of their cumulative shares.

    Example:
        >>> ks_two(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        1.0
    """
    a, b = np.sort(a), np.sort(b)
    everywhere = np.concatenate([a, b])
    gap = np.searchsorted(a, everywhere, side="right") / len(a)
    return float(np.abs(gap - np.searchsorted(b, everywhere, side="right") / len(b)).max())


def ks_normal(z: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance of a sample (n) from N(0, 1).

    Example:
        >>> round(ks_normal(np.zeros(9)), 2)
        0.5
    """
    from scipy.special import ndtr

    n, level = len(z), ndtr(np.sort(z))
    steps = np.arange(n + 1) / n
    return float(max((steps[1:] - level).max(), (level - steps[:-1]).max()))


def by_chance(n: int, m: int | None = None) -> float:
    """What the distance of a perfect model exceeds once in twenty times (Smirnov 1948).

    Example:
        >>> round(by_chance(10_000), 4)
        0.0136
    """
    return 1.358 * (1 / n + (1 / m if m else 0.0)) ** 0.5


def rank_correlation(values: np.ndarray) -> np.ndarray:
    """Spearman's correlations (d, d) of rows (n, d); a constant column has none, zero.

    Example:
        >>> rank_correlation(np.array([[0.0, 0.0], [1.0, -1.0], [2.0, -8.0]])).round(3)
        array([[ 1., -1.],
               [-1.,  1.]])
    """
    ranks = np.stack([_mean_ranks(column) for column in values.T], axis=1)
    ranks -= ranks.mean(axis=0)
    scale = np.sqrt(np.square(ranks).sum(axis=0))
    ranks /= np.where(scale > 0, scale, 1.0)
    return ranks.T @ ranks


def _mean_ranks(column: np.ndarray) -> np.ndarray:
    """Equal values share a rank: ranked by their place in the table, they would seem related."""
    _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[where]


def associations(values: np.ndarray, category: np.ndarray) -> np.ndarray:
    """Cramér's V (d, d), 0 to 1, of each pair of columns (n, d): numbers by eighths of their rows.

    Rows where either cell is missing (NaN) are left out; `category` says which are codes, (d).

    Example:
        >>> x = np.arange(80.0) // 10
        >>> associations(np.stack([x, x % 2], 1), np.array([False, True])).round(3)
        array([[0., 1.],
               [1., 0.]])
    """
    n, d = values.shape
    coded = np.full((n, d), -1, dtype=np.int64)
    for j, column in enumerate(values.T):
        known = ~np.isnan(column)
        x = column[known]
        if not category[j] and len(x):
            edges = np.unique(np.quantile(x, np.linspace(0, 1, EIGHTHS + 1)[1:-1]))
            x = np.searchsorted(edges, x, side="left")
        coded[known, j] = np.unique(x, return_inverse=True)[1]
    sizes = coded.max(0, initial=-1) + 1
    found = np.zeros((d, d))
    for i in range(d):
        for j in range(i + 1, d):
            both = (coded[:, i] >= 0) & (coded[:, j] >= 0)
            if not both.any():
                continue
            place = coded[both, i] * sizes[j] + coded[both, j]
            seen = np.bincount(place, minlength=sizes[i] * sizes[j]).reshape(sizes[i], sizes[j])
            seen = seen[seen.sum(1) > 0][:, seen.sum(0) > 0]
            least = min(seen.shape) - 1
            if least:
                expected = np.outer(seen.sum(1), seen.sum(0)) / seen.sum()
                chi = float((np.square(seen - expected) / expected).sum())
                found[i, j] = found[j, i] = np.sqrt(chi / seen.sum() / least)
    return found


def most_related(values: np.ndarray, most: int, related: np.ndarray | None = None) -> list[int]:
    """Up to `most` columns that depend on each other most, in the order of the table.

    Args:
        values: rows (n, d).
        most: columns.
        related: how much each pair is, (d, d); by rank correlation where None.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(99, 4))
        >>> x[:, 3] = x[:, 1] + 0.1 * x[:, 3]
        >>> most_related(x, 2)
        [1, 3]
    """
    if values.shape[1] <= most:
        return list(range(values.shape[1]))
    related = np.abs(rank_correlation(values)) if related is None else related.copy()
    np.fill_diagonal(related, -1.0)
    chosen = [int(j) for j in np.unravel_index(related.argmax(), related.shape)]
    while len(chosen) < most:
        nearness = related[chosen].max(axis=0)
        nearness[chosen] = -1.0
        chosen.append(int(nearness.argmax()))
    return sorted(chosen)
