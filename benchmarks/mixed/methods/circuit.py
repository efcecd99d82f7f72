"""A sum-product network that SPFlow learns with its defaults (LearnSPN), and the mass of cells.

Numbers have normal leaves and categories categorical ones; the structure is found by randomized
dependence coefficients and k-means on the numbers and codes as they are. Where such a coefficient
cannot be computed, in clusters of few rows, SPFlow stops; here the pair counts as independent.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from spflow.meta.data.interval_evidence import IntervalEvidence
from spflow.meta.data.scope import Scope
from spflow.modules.leaves.categorical import Categorical
from spflow.modules.leaves.normal import Normal

from benchmarks.mixed.gaps import Filled
from benchmarks.mixed.methods import Fitted, Task

BLOCK = 1000  # rows at a time


def circuit(task: Task) -> Fitted:
    """As it comes, on a table without gaps."""
    torch.manual_seed(task.seed)
    np.random.seed(task.seed)
    filled = Filled(task.train)
    law = Law(filled, task.train)
    settings = {"modules": sum(1 for _ in law.network.modules()), "rows": "90 %"}
    return Fitted(law.sample, law.log_mass, settings)


def levels(count: int) -> type[Categorical]:
    """Categorical leaves of so many levels: LearnSPN makes each leaf anew, by its class alone."""

    class Levels(Categorical):
        def __init__(self, scope: Any, out_channels: int = 1, **rest: Any) -> None:
            super().__init__(scope, out_channels, K=count, **rest)

        def _log_likelihood_interval(self, low: Any, high: Any, cache: Any = None) -> Any:
            code = low[:, self.scope.query[0]].long()  # here both ends are one level
            return torch.log_softmax(self.logits, -1)[0][..., code].permute(2, 0, 1)[:, None]

    return Levels


def forgiving(coefficient: Callable[..., Any]) -> Callable[..., Any]:
    """The same, 0 where it cannot be computed."""

    def of_pair(x: torch.Tensor, y: torch.Tensor) -> Any:
        try:
            return coefficient(x, y)
        except RuntimeError:
            return 0.0

    return of_pair


class NormalCells(Normal):
    """Normal leaves with the mass of intervals in log space: the library's own ends at 1e-40."""

    def _log_likelihood_interval(self, low: Any, high: Any, cache: Any = None) -> Any:
        edges = []
        for edge, end in ((low, -torch.inf), (high, torch.inf)):
            own = edge[:, self.scope.query, None, None]
            edges.append((torch.where(own.isnan(), end, own) - self.loc) / self.scale)
        right = edges[0] > 0  # turned to the left tail, where small probabilities are exact
        below = torch.special.log_ndtr(torch.where(right, -edges[1], edges[0]))
        above = torch.special.log_ndtr(torch.where(right, -edges[0], edges[1]))
        return above + torch.log1p(-torch.exp(below - above))


class Law:
    """A network, and the columns that it is of."""

    def __init__(self, filled: Filled, train: pd.DataFrame) -> None:
        self.filled = filled
        self.numbers, self.categories = len(filled.numbers), list(filled.levels)
        data = torch.tensor(self._coded(train))
        known = filled.fill(train)
        self.ends = {n: (known[n].min(), known[n].max()) for n in filled.numbers}
        leaves: list[Any] = [NormalCells(scope=Scope(list(range(self.numbers))))]
        for k, name in enumerate(self.categories):
            leaves.append(levels(len(filled.levels[name]))(Scope([self.numbers + k])))
        learning = importlib.import_module("spflow.learn.learn_spn")
        learning.rdc = forgiving(learning.rdc)
        with contextlib.redirect_stdout(io.StringIO()):  # k-means tells of every round
            self.network = learning.learn_spn(data, leaves)

    def _coded(self, rows: pd.DataFrame) -> np.ndarray:
        """(n, D) float32, categories as codes."""
        table = self.filled.fill(rows)
        for name in self.categories:
            table[name] = table[name].cat.codes
        return table.to_numpy(np.float32)

    def sample(self, n: int) -> pd.DataFrame:
        """n rows in the types of the table."""
        with torch.no_grad():
            drawn = self.network.sample(n).numpy().astype(np.float64)
        names = [*self.filled.numbers, *self.categories]
        table = pd.DataFrame(drawn, columns=names)
        for name in self.filled.numbers:  # some draws are infinite: the ends of what was seen
            table[name] = table[name].clip(*self.ends[name])
        for name in self.categories:
            codes = table[name].astype(int)
            table[name] = pd.Categorical.from_codes(codes, self.filled.levels[name])
        return self.filled.open(table)

    def log_mass(self, rows: pd.DataFrame) -> np.ndarray:
        """Log probability of each row's cells, nats: (n,)."""
        cells = self.filled.cells(rows)
        unseen = (cells.codes < 0).any(1)
        codes = np.maximum(cells.codes, 0)
        low = torch.tensor(np.concatenate([cells.lower, codes], 1))
        high = torch.tensor(np.concatenate([cells.upper, codes], 1))
        unknown = torch.full_like(low, torch.nan)  # how SPFlow writes that there is no bound
        low, high = (torch.where(edge.isfinite(), edge, unknown) for edge in (low, high))
        network = self.network.double()
        found = []
        with torch.no_grad():
            for i in range(0, len(low), BLOCK):
                evidence = IntervalEvidence(low[i : i + BLOCK], high[i : i + BLOCK])
                found.append(network.log_likelihood(evidence).reshape(-1).numpy())
        return np.where(unseen, -np.inf, np.concatenate(found))
