"""All that the rules of the verdict look at."""

from __future__ import annotations

from dataclasses import dataclass

from pushforward.diagnostics.distances import ColumnDistance, PairDistance
from pushforward.diagnostics.evidence import Evidence
from pushforward.diagnostics.levels import LevelShare
from pushforward.diagnostics.memorisation import Memorisation
from pushforward.diagnostics.regions import Region
from pushforward.diagnostics.tails import Tail

ALPHA = 0.01  # the chance that any of all questions accuses a perfect flow (Holm)


@dataclass(frozen=True)
class Case:
    """All that the rules look at.

    Attributes:
        evidence: of every question by name, adjusted for all.
        columns, pairs, tails: as measured without the rows of dropped regions and levels.
        dropped: regions whose rows the samples miss.
        unscored: held-out rows without a density.
        inverse: largest error of decode(encode(x)), in deviations; None where unknown.
        levels: categories that the samples miss.
        typed: are these typed columns?
    """

    evidence: dict[str, Evidence]
    memory: Memorisation | None
    dropped: tuple[Region, ...]
    columns: tuple[ColumnDistance, ...]
    pairs: tuple[PairDistance, ...]
    tails: tuple[Tail, ...]
    unscored: int
    lost: int
    inverse: float | None
    rows: int
    levels: tuple[LevelShare, ...] = ()
    typed: bool = False

    def sure(self, name: str) -> bool:
        """Was this question's null refused, all questions considered?"""
        return name in self.evidence and self.evidence[name].adjusted <= ALPHA
