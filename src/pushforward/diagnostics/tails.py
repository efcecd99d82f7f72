"""Do samples reach as far out as real rows do, and as often?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni, said

HIGH, LOW = "high end", "low end"
LEVELS = (0.01, 0.002)  # the outermost share of rows and samples together


@dataclass(frozen=True)
class Tail:
    """The outermost rows on one side, real and sampled together.

    Attributes:
        of: the column, or "log density".
        end: "high end" or "low end".
        share: how much of all rows is called outermost.
        real, sampled: how many of those are real, and are samples; about equal for a perfect flow.
        p: two-sided, not corrected for other tails.
    """

    of: str
    end: str
    share: float
    real: int
    sampled: int
    p: float

    @property
    def where(self) -> str:
        """ "x1, high end", for instance."""
        return f"{said(self.of)}, {self.end}"

    @property
    def ratio(self) -> float:
        """Real rows out there for each sample: above 1 where the flow's tail is too thin."""
        return (self.real + 0.5) / (self.sampled + 0.5)


def judge_tails(
    names: tuple[str, ...],
    real: np.ndarray,
    sampled: np.ndarray,
    log_real: np.ndarray,
    log_sampled: np.ndarray,
    category: np.ndarray | None = None,
) -> tuple[tuple[Tail, ...], Evidence]:
    """Who is found beyond the last 1% and 0.2%, at both ends of every column and of log density.

    Which of the pooled outermost rows are real is a draw without replacement, if both have one
    distribution: Fisher's exact test. Bonferroni over all ends and levels.

    Args:
        real, sampled: (n, d) and (m, d); NaN where a cell is missing.
        log_real, log_sampled: (n) and (m), nats.
        category: which columns hold codes, which have no tails, (d); None for none.

    Returns:
        Every tail, most surprising first.
    """
    numbers = [(j, n) for j, n in enumerate(names) if category is None or not category[j]]
    ends = [(name, HIGH, real[:, j], sampled[:, j]) for j, name in numbers]
    ends += [(name, LOW, -real[:, j], -sampled[:, j]) for j, name in numbers]
    ends.append(("log density", LOW, -log_real, -log_sampled))
    found = [_tail(of, end, a, b, level) for of, end, a, b in ends for level in LEVELS]
    found.sort(key=lambda tail: (tail.p, -abs(np.log(tail.ratio))))
    worst = found[0]
    null = "held-out rows and samples are equally often outermost"
    what = f"real rows for each sample, {worst.where}"
    p = bonferroni(worst.p, len(found))
    return tuple(found), Evidence("tails", null, what, worst.ratio, p, len(real))


def _tail(of: str, end: str, a: np.ndarray, b: np.ndarray, level: float) -> Tail:
    from scipy import stats

    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    pooled = np.concatenate([a, b])
    if not len(pooled):
        return Tail(of, end, level, 0, 0, 1.0)
    count = max(1, round(level * len(pooled)))
    edge = np.partition(pooled, -count)[-count]
    out = (int((a >= edge).sum()), int((b >= edge).sum()))
    if sum(out) > 2 * count:  # many equal values: the edge is no tail
        out = (int((a > edge).sum()), int((b > edge).sum()))
    law = stats.hypergeom(len(pooled), len(a), sum(out))
    p = min(1.0, 2 * min(law.cdf(out[0]), law.sf(out[0] - 1)))
    return Tail(of, end, level, *out, float(p))
