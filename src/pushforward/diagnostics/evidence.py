"""What a test found, and the correction for having asked many questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pushforward.text import excerpt


@dataclass(frozen=True)
class Evidence:
    """One question put to the rows, with the answer of a statistical test.

    Attributes:
        name: what was looked at.
        null: what would be true of a perfect flow.
        measure: what `value` is, with its unit.
        value: the size of the effect; of several (columns, pairs, cells) the most surprising one's.
        p: how often a perfect flow would surprise at least as much; corrected within this question
            for the columns, pairs or cells looked at (Bonferroni).
        rows: held-out rows used.
        adjusted: p corrected for all questions together (`holm`); 1 until then.
    """

    name: str
    null: str
    measure: str
    value: float
    p: float
    rows: int
    adjusted: float = 1.0


def holm(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Adjusted p-values (Holm 1979): refusing those up to α errs at all with chance at most α.

    Example:
        >>> def one(p):
        ...     return Evidence("", "", "", 0.0, p, 0)
        >>> [e.adjusted for e in holm([one(0.01), one(0.5), one(0.04)])]
        [0.03, 0.5, 0.08]
    """
    order = sorted(range(len(found)), key=lambda k: found[k].p)
    adjusted, running = [1.0] * len(found), 0.0
    for rank, k in enumerate(order):
        running = max(running, min(1.0, (len(found) - rank) * found[k].p))
        adjusted[k] = running
    return tuple(replace(e, adjusted=a) for e, a in zip(found, adjusted, strict=True))


def said(column: str) -> str:
    """A column's name within a sentence: shortened, and with nothing that turns the text around.

    Example:
        >>> said("a" * 99)[:3], len(said("a" * 99)) < 50
        ('aaa', True)
    """
    return excerpt(column)[1:-1]


def bonferroni(p: float, questions: int) -> float:
    """The smallest of several p-values, corrected for how many there were."""
    return min(1.0, p * questions)
