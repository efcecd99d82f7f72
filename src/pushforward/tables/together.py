"""What processes that share a table must know of all of it: a part of its rows, and totals."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from pushforward.tables.table import NumericTable
from pushforward.training.team import Team

SEEN = 2**20  # rows, evenly among all, by which a table is judged and its columns are shifted


def own(index: np.ndarray, start: int, count: int) -> np.ndarray:
    """Of the rows of all processes at `index`, those of the process with rows start … start+count.

    Example:
        >>> own(np.array([0, 3, 5]), start=3, count=2)
        array([0])
    """
    return index[(index >= start) & (index < start + count)] - start


def seen(values: np.ndarray, team: Team) -> np.ndarray:
    """All processes' rows, (n, d) each, one below the other; at most `SEEN` of them."""
    if team.size == 1:
        return values
    start, whole = team.before(len(values))
    if whole > SEEN:
        values = values[own(np.arange(SEEN) * whole // SEEN, start, len(values))]
    return team.joined(torch.from_numpy(np.ascontiguousarray(values))).numpy()


def sample_of(table: NumericTable, team: Team) -> NumericTable:
    """The table of all processes as far as it is `seen`."""
    return replace(table, values=seen(table.values, team))


def figures(scores: np.ndarray, spreads: np.ndarray, team: Team) -> dict[str, Any]:
    """The held-out figures of a model by itself, as `diagnostics.baselines.compare` gives them.

    Args:
        scores: this process's held-out rows' log p, nats.
        spreads: (d), the standard deviations of the columns.
        team: whose rows they are together.
    """
    sums = torch.tensor([len(scores), scores.sum(), (scores**2).sum()], dtype=torch.float64)
    count, total, squares = team.total(sums).tolist()
    if not count:
        return {}
    nll = -total / count
    error = math.sqrt(max(squares / count - nll**2, 0.0) / count)
    units = float(np.log(np.where(spreads > 0, spreads, 1.0)).sum())
    own = {"name": "this flow", "nll": nll, "error": error, "standardized": nll - units}
    return {"rows": int(count), "models": [own]}
