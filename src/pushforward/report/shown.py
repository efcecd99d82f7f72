"""How the values of each column are shown: in the table's units, as dates, or by category."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pushforward.pages.theme import few_ticks
from pushforward.report.measures import MOST_WHOLE, bin_edges, robust_range
from pushforward.schema.column import Column
from pushforward.schema.dates import SECOND, microseconds
from pushforward.schema.kinds import CATEGORIES, OTHER
from pushforward.tables.model import TableModel
from pushforward.tables.typed import is_real
from pushforward.tables.words import excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LEVELS = 12  # bars; all further categories are one
LONGEST = 16  # letters of a category's name
DAY = 86400 * SECOND


@dataclass(frozen=True)
class Shown:
    """One column, as pictures show it.

    Attributes:
        name: of the column.
        form: "number", "cells" (whole numbers of steps), "date" (cells or not) or "category".
        start, unit: a value x of the model is start + unit·x; of dates in days since 1970.
        levels: the names of categories.
        whole: has it cells?
    """

    name: str
    form: Literal["number", "cells", "date", "category"] = "number"
    start: float = 0.0
    unit: float = 1.0
    levels: tuple[str, ...] = ()
    whole: bool = False

    def values(self, x: np.ndarray) -> np.ndarray:
        """x (n) as it is drawn, gaps left out."""
        return self.start + self.unit * x[~np.isnan(x)]

    def edges(self, *samples: np.ndarray | None, most: int | None = None) -> np.ndarray:
        """The bins of some samples (n) as they are drawn, gaps left out: never between two cells.

        Args:
            samples: the first one sets how many.
            most: bins at most; by the number of rows where None.
        """
        known = [s[~np.isnan(s)] for s in samples if s is not None]
        known = [s for s in known if len(s)]
        low, high = robust_range(*known) if known else (0.0, 1.0)
        if self.whole:
            step = max(1, math.ceil((high - low) / (most or MOST_WHOLE)))
            ends = math.ceil(low) - 0.5, math.floor(high) + step
            edges = np.arange(ends[0], max(ends[1], ends[0] + step + 0.5), step)
        elif most is not None or not known:
            edges = np.linspace(low, high, (most or 10) + 1)
        else:
            edges = bin_edges(known[0], low, high)
        return np.asarray(self.start + self.unit * edges)

    def kept(self, *samples: np.ndarray | None) -> list[int]:
        """The codes that are drawn by themselves: the most frequent ones, in their order."""
        if len(self.levels) <= MOST_LEVELS:
            return list(range(len(self.levels)))
        known = np.concatenate([s[~np.isnan(s)] for s in samples if s is not None])
        counts = np.bincount(known.astype(np.int64), minlength=len(self.levels))
        return sorted(np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1].tolist())

    def places(self, x: np.ndarray, kept: list[int]) -> np.ndarray:
        """Codes x (n) as places along an axis of the kept ones; all others at its end."""
        place = np.full(len(self.levels), len(kept))
        place[kept] = np.arange(len(kept))
        return place[x.astype(np.int64)]

    def labels(self, kept: list[int]) -> list[str]:
        """Their names, and of all others together."""
        names = [short(self.levels[k]) for k in kept]
        rest = len(self.levels) - len(kept)
        return [*names, f"{rest:,} others"] if rest else names

    def ticks(self, axis: Literal["x", "y"], axes: Axes) -> None:
        """Few marks along an axis, as dates where it holds dates."""
        if self.form != "date":
            return
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        side = axes.xaxis if axis == "x" else axes.yaxis
        locator = AutoDateLocator(minticks=2, maxticks=4)
        side.set_major_locator(locator)
        side.set_major_formatter(ConciseDateFormatter(locator))


def short(level: str) -> str:
    """A category's name beside its bar.

    Example:
        >>> short("a category of a long name")
        'a category of …'
    """
    said = excerpt(level)[1:-1]
    return said if len(said) <= LONGEST else said[: LONGEST - 2].rstrip() + " …"


def shown(model: TableModel) -> list[Shown]:
    """How each modelled column is shown; numbers as they are where the model has no types."""
    if model.schema is None:
        return [Shown(name) for name in model.columns]
    return [_shown(column) for column in model.schema.modelled]


def is_typed(model: TableModel) -> bool:
    """Are its columns typed ones: other than plain real numbers in every row?"""
    return model.schema is not None and not is_real(model.schema)


def levels_of(model: TableModel) -> dict[str, list[str]]:
    """The categories of each column that has some, in the order of their codes."""
    return {one.name: list(one.levels) for one in shown(model) if one.levels}


def _shown(column: Column) -> Shown:
    if column.kind in CATEGORIES:
        other = [] if column.reserve is None else [OTHER]
        return Shown(column.name, "category", levels=(*(column.levels or []), *other))
    if column.kind == "datetime":
        start = microseconds(str(column.origin)) / DAY
        unit = column.unit * SECOND / DAY
        return Shown(column.name, "date", start, unit, whole=column.cells)
    if column.kind == "time":  # in hours
        return Shown(column.name, "cells", 0.0, column.unit / 3600, whole=True)
    if column.cells:
        return Shown(column.name, "cells", column.start, column.unit, whole=True)
    return Shown(column.name)


def marks(axes: Axes, across: Shown, upward: Shown | None = None, x: int = 5, y: int = 4) -> None:
    """Few marks on both sides of a picture, dates where they are dates."""
    few_ticks(axes, x, y)
    across.ticks("x", axes)
    if upward is not None:
        upward.ticks("y", axes)
