"""A table for methods that know neither gaps nor moments: numbers without gaps, and categories.

Moments become hours since the first. A number with gaps is filled by its median, and a category
beside it says whether it is known; a gap in text is a level of its own. What is drawn is brought
back the same way, so that a row's mass is that of its known cells and of which are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.mixed.tables import HOUR, is_category, is_time, moments, numbers, step

NONE = "(none)"
FLAG = " is known"
KNOWN = ("no", "yes")


@dataclass(frozen=True)
class Cells:
    """What rows are to a law of filled tables.

    Attributes:
        lower, upper: (n, numbers) edges of the cells; infinite where nothing is known.
        codes: (n, categories) levels' codes, flags at the end; -1 for a level never seen.
    """

    lower: np.ndarray
    upper: np.ndarray
    codes: np.ndarray


class Filled:
    """The way there and back, from the training rows."""

    def __init__(self, train: pd.DataFrame) -> None:
        self.train = train
        self.categories = [name for name in train.columns if is_category(train[name])]
        self.numbers = [name for name in train.columns if name not in self.categories]
        self.first = {n: np.nanmin(numbers(train[n])) for n in self.numbers if is_time(train[n])}
        self.gaps = [name for name in self.numbers if train[name].isna().any()]
        self.levels = {name: _levels(train[name]) for name in self.categories}
        self.levels |= {name + FLAG: list(KNOWN) for name in self.gaps}
        self.medians = {name: np.nanmedian(self._number(train[name])) for name in self.gaps}

    def fill(self, rows: pd.DataFrame) -> pd.DataFrame:
        """float64 columns, then categories of the levels seen, then flags."""
        made: dict[str, object] = {}
        for name in self.numbers:
            x = self._number(rows[name])
            made[name] = np.where(np.isnan(x), self.medians.get(name, np.nan), x)
        for name in self.categories:
            text = rows[name].astype(object).where(rows[name].notna(), NONE)
            known = text.where(text.isin(self.levels[name]), None)  # an unseen level is code -1
            made[name] = pd.Categorical(known, categories=self.levels[name])
        for name in self.gaps:
            known = np.where(rows[name].isna(), KNOWN[0], KNOWN[1])
            made[name + FLAG] = pd.Categorical(known, categories=list(KNOWN))
        return pd.DataFrame(made)

    def open(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The columns of the table from those of `fill`, gaps and moments as they were."""
        made = {}
        for name in self.train.columns:
            column = rows[name].reset_index(drop=True)
            if name in self.categories:
                text = column.astype(object)
                made[name] = text.where(text != NONE, None)
                continue
            if name in self.gaps:
                known = rows[name + FLAG].astype(object).reset_index(drop=True)
                column = column.where(known == KNOWN[1])
            if name in self.first:
                column = moments(column.round() * HOUR + self.first[name])
            made[name] = column
        return pd.DataFrame(made)

    def cells(self, rows: pd.DataFrame) -> Cells:
        """The cells of rows."""
        lower, upper = [], []
        for name in self.numbers:
            x, half = self._number(rows[name]), self._step(name) / 2
            lower.append(np.where(np.isnan(x), -np.inf, x - half))
            upper.append(np.where(np.isnan(x), np.inf, x + half))
        filled = self.fill(rows)
        codes = [filled[name].cat.codes.to_numpy(np.int64) for name in self.levels]
        return Cells(np.stack(lower, 1), np.stack(upper, 1), np.stack(codes, 1))

    def _number(self, column: pd.Series) -> np.ndarray:
        x, first = numbers(column), self.first.get(str(column.name))
        return x if first is None else (x - first) / HOUR

    def _step(self, name: str) -> float:
        return step(self.train[name]) / (HOUR if name in self.first else 1)


def _levels(column: pd.Series) -> list[str]:
    """The grades in their order, or the texts seen, sorted; a gap last."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = list(column.cat.categories)
    else:
        found = sorted(column.dropna().unique())
    return [*found, NONE] if column.isna().any() else found
