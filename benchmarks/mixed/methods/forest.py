"""Adversarial random forests of arfpy with their defaults, and the mass that they give to cells.

The density of such a forest is a mixture over its leaves, each a product of normal laws cut off at
the leaf's bounds and of the shares of levels; arfpy draws from it and offers its parameters, but
not the density itself, which is computed here from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from benchmarks.mixed.gaps import Cells, Filled
from benchmarks.mixed.methods import Fitted, Task

PROBES = 16  # points of a cell that are sent down the trees to find the leaves it meets


def forest(task: Task) -> Fitted:
    """As it comes, on a table without gaps."""
    if not hasattr(np, "in1d"):
        np.in1d = np.isin  # the old name, which NumPy 2.4 has removed and arfpy calls
    from arfpy.arf import arf

    np.random.seed(task.seed)
    filled = Filled(task.train)
    model = arf(filled.fill(task.train), verbose=False, random_state=task.seed)
    model.forde()
    law = Law(model, filled, task.seed)
    settings = {"trees": model.num_trees, "rounds": len(model.acc) - 1, "rows": "90 %"}
    return Fitted(lambda n: filled.open(model.forge(n)), law.log_mass, settings)


class Law:
    """The mixture over leaves, tree by tree."""

    def __init__(self, model: Any, filled: Filled, seed: int) -> None:
        self.model, self.filled, self.seed = model, filled, seed
        self.trees = [_Tree(model, filled, tree) for tree in range(model.num_trees)]

    def log_mass(self, rows: pd.DataFrame) -> np.ndarray:
        """Log probability of each row's cells, nats: (n,)."""
        cells = self.filled.cells(rows)
        probes = self._probes(rows, cells)
        mass = np.zeros(len(rows))
        for number, tree in enumerate(self.trees):
            leaves = np.stack([self.model.clf.estimators_[number].apply(p) for p in probes], 1)
            leaves.sort(axis=1)
            fresh = np.ones(leaves.shape, bool)
            fresh[:, 1:] = leaves[:, 1:] != leaves[:, :-1]
            for k in range(leaves.shape[1]):
                at = np.flatnonzero(fresh[:, k])
                mass[at] += tree.mass(cells, at, leaves[at, k])
        with np.errstate(divide="ignore"):
            return np.log(mass / len(self.trees))

    def _probes(self, rows: pd.DataFrame, cells: Cells) -> list[np.ndarray]:
        """The rows as the trees see them, and random points of their cells."""
        rng = np.random.default_rng(self.seed)
        filled = self.filled.fill(rows)
        for name in self.filled.levels:
            filled[name] = filled[name].cat.codes
        middle = filled[self.model.orig_colnames].to_numpy(np.float32)
        probes = [middle]
        where = [self.model.orig_colnames.index(name) for name in self.filled.numbers]
        known = np.isfinite(cells.lower)
        for _ in range(PROBES):
            point = middle.copy()
            shift = rng.random(cells.lower.shape)
            inside = np.where(known, cells.lower, 0) * (1 - shift)
            inside += np.where(known, cells.upper, 0) * shift
            point[:, where] = np.where(known, inside, middle[:, where])
            probes.append(point)
        return probes


class _Tree:
    """The leaves of one tree: shares, normal laws with their bounds, shares of levels."""

    def __init__(self, model: Any, filled: Filled, tree: int) -> None:
        bounds = model.bnds[model.bnds["tree"] == tree]
        share = bounds.drop_duplicates("nodeid").set_index("nodeid")["cvg"]
        self.share = np.zeros(int(share.index.max()) + 1)
        self.share[share.index.to_numpy(int)] = share.to_numpy()
        laws = model.params[model.params["tree"] == tree]
        shape = (len(self.share), len(filled.numbers))
        self.parts = {k: np.full(shape, np.nan) for k in ("mean", "sd", "min", "max")}
        for j, name in enumerate(filled.numbers):
            own = laws[laws["variable"] == name]
            for key, table in self.parts.items():
                table[own["nodeid"].to_numpy(int), j] = own[key].to_numpy(float)
        self.levels = [
            _Shares(model, tree, name, len(levels)) for name, levels in filled.levels.items()
        ]

    def mass(self, cells: Cells, at: np.ndarray, leaf: np.ndarray) -> np.ndarray:
        """What the leaves add to the mass of the rows `at`."""
        leaf = np.minimum(leaf, len(self.share) - 1)
        log_mass = np.zeros(len(at))
        with np.errstate(divide="ignore", invalid="ignore"):
            log_mass += np.log(self.share[leaf])
            for j in range(cells.lower.shape[1]):
                law = {key: table[leaf, j] for key, table in self.parts.items()}
                log_mass += np.log(_between(cells.lower[at, j], cells.upper[at, j], **law))
            for j, shares in enumerate(self.levels):
                log_mass += np.log(shares.of(leaf, cells.codes[at, j]))
        return np.exp(np.nan_to_num(log_mass, nan=-np.inf))


class _Shares:
    """How often each level of a column is drawn in each leaf of a tree; few of them ever are."""

    def __init__(self, model: Any, tree: int, name: str, count: int) -> None:
        own = model.class_probs
        own = own[(own["tree"] == tree) & (own["variable"] == name)]
        self.count = count
        keys = own["nodeid"].to_numpy(np.int64) * count + own["value"].to_numpy(np.int64)
        order = np.argsort(keys)
        self.keys, self.shares = keys[order], own["prob"].to_numpy(float)[order]

    def of(self, leaf: np.ndarray, code: np.ndarray) -> np.ndarray:
        """The share of each code in each leaf, 0 where it is never drawn."""
        key = leaf.astype(np.int64) * self.count + code
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        found = (self.keys[place] == key) & (code >= 0)
        return np.where(found, self.shares[place], 0.0)


def _between(
    lower: np.ndarray,
    upper: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    min: np.ndarray,
    max: np.ndarray,
) -> np.ndarray:
    """The mass of [lower, upper] under a normal law cut off at min and max."""
    point = sd == 0  # arfpy then draws the mean itself
    scale = np.where(point, 1, sd)
    a, b = (min - mean) / scale, (max - mean) / scale
    low, high = (np.clip((edge - mean) / scale, a, b) for edge in (lower, upper))
    inside = np.where(point, (lower <= mean) & (mean < upper), ndtr_between(low, high))
    return inside / np.where(point, 1, ndtr_between(a, b))


def ndtr_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """P(low < e < high) of a standard normal e, exact in both tails."""
    right = low > 0
    return ndtr(np.where(right, -low, high)) - ndtr(np.where(right, -high, low))
