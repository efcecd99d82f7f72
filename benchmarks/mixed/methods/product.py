"""pushforward, within a budget of seconds."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from benchmarks.mixed.methods import Fitted, Task


class TableDensity(Protocol):
    """A fitted model of a table of mixed types."""

    def sample(self, n: int) -> pd.DataFrame:
        """n new rows with the columns and types of those fitted."""

    def log_prob(self, df: pd.DataFrame) -> np.ndarray:
        """(n,) log probabilities of the rows' cells, nats: see `tables.step` for their widths."""


def fit_pushforward(train: pd.DataFrame, seed: int, budget: float | None) -> TableDensity:
    """Fit a table of mixed types with its gaps.

    Args:
        train: rows in the types that they have: numbers (NaN where nothing is known), ordered
            categories, text (None), moments (UTC).
        seed: of all randomness.
        budget: seconds.
    """
    raise NotImplementedError("pushforward does not fit tables of mixed types yet")


def product(task: Task) -> Fitted:
    """The product in its default budget."""
    model = fit_pushforward(task.train, task.seed, task.budget)
    return Fitted(model.sample, model.log_prob, {"budget": task.budget, "rows": "90 %"})
