"""Which column is to blame for a row's low density, and by how many nats."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.judged import CHUNK, Judged, numbers
from pushforward.diagnostics.kinds import any_order
from pushforward.diagnostics.material import robust_scale
from pushforward.errors import ModelError
from pushforward.training import seeded
from pushforward.transforms.columns.category import Category

DONORS = 20  # nearest samples, whose values stand in for a suspected one
DRAWN = 2000  # samples to choose them from
DRAWN_GIVEN = 500  # the same with a context, for which they are drawn anew at each row
SEED = 71_843  # theirs: no seed that somebody may have drawn the rows with


class Blamer:
    """Measures how much each value of a row costs: the rise in log density without it.

    The cost of a value is by how many nats the log density of its row rises when this value alone
    is replaced, by the best of those of the twenty samples of the flow that are nearest in all
    other columns. The flow's own samples stand in, for they need no data, and rows that are wrong
    in the same way cannot excuse one another. They are drawn once, with a seed of their own; where
    there is a context it is held: samples are drawn given the row's own. So a row's costs depend
    on the flow and the row alone, not on other rows. A missing cell costs nothing, and two
    different categories are as far apart as numbers that differ by one deviation.

    That is 20·d densities for a row of d columns, and 500 samples where there is a context.

    Args:
        flow: a `Flow`, or whatever has `log_prob`, `sample` and `encode`; left as it is.

    Raises:
        ModelError: fewer than twenty of the samples are finite (with a context: by `rises`).

    Example:
        >>> from pushforward import Flow
        >>> from pushforward.distributions import Normal
        >>> x = torch.tensor([[0.0, 8.0]])
        >>> rises = Blamer(Flow(Normal(2))).rises(x)
        >>> rises.argmax(1), bool(abs(rises[0, 1] - 8**2 / 2) < 0.1)
        (array([1]), True)
    """

    def __init__(self, flow: object) -> None:
        self._judged = flow if isinstance(flow, Judged) else Judged(flow)
        self._drawn: tuple[np.ndarray, np.ndarray] | None = None
        layer = any_order(self._judged.flow)
        columns = [] if layer is None else layer.columns
        self._category = [j for j, c in enumerate(columns) if isinstance(c, Category)]

    def rises(
        self, x: Tensor, context: Tensor | None = None, before: np.ndarray | None = None
    ) -> np.ndarray:
        """By how many nats the log density of each row rises without each of its values.

        Args:
            x: (n, *event), as the flow takes it; d numbers a row.
            context: (n, c), or None.
            before: log densities (n) of the rows, nats; computed where not given.

        Returns:
            (n, d) float64: at most 0 where nothing better stands in, inf where the row has no
            density and gains one.

        Raises:
            ModelError: fewer than twenty finite samples.
        """
        d = math.prod(x.shape[1:])
        there = ~np.isnan(numbers(x))
        if not len(x):
            return np.empty((0, d))
        if before is None:
            before = self._judged.log_prob(x, context)
        after = np.empty((len(x), d))
        at_once = max(CHUNK // (DONORS * d), 1)
        for start in range(0, len(x), at_once):
            rows = range(start, min(start + at_once, len(x)))
            tried = torch.cat([self._replaced(x, context, row) for row in rows])
            given = None
            if context is not None:
                given = context[rows.start : rows.stop].repeat_interleave(DONORS * d, dim=0)
            scored = self._judged.log_prob(tried, given)
            after[rows.start : rows.stop] = scored.reshape(len(rows), -1, DONORS).max(2)
        best = after > before[:, None]  # never -inf - -inf
        # What is missing cannot be to blame; a value there would cost density, not give it.
        best &= there
        return np.where(best, after - np.where(best, before[:, None], 0.0), 0.0)

    def _replaced(self, x: Tensor, context: Tensor | None, row: int) -> Tensor:
        """The row d·20 times, (d·20, *event): in each twenty another value is replaced."""
        donors, scale = self._donors(None if context is None else context[row : row + 1])
        flat = x[row].flatten()
        d = len(flat)
        squares = np.square((donors - flat.double().cpu().numpy()) / scale)
        squares[:, self._category] = squares[:, self._category] > 0
        squares = np.nan_to_num(squares, nan=0.0, posinf=np.inf)  # what is missing is near to all
        tried = flat.repeat(d * DONORS, 1).reshape(d, DONORS, d)
        for j, others in enumerate(_sums_of_others(squares)):
            near = np.argsort(others, kind="stable")[:DONORS]
            tried[j, :, j] = torch.as_tensor(donors[near, j]).to(flat)
        return tried.reshape(d * DONORS, *x.shape[1:])

    def _donors(self, context: Tensor | None) -> tuple[np.ndarray, np.ndarray]:
        """Samples (m, d) given the context (1, c), and the scale of each column (d)."""
        if context is None and self._drawn is not None:
            return self._drawn
        with seeded(SEED):
            samples = self._judged.sample(DRAWN if context is None else DRAWN_GIVEN, context)
        drawn = numbers(samples if context is None else samples[:, 0])
        drawn = drawn[np.isfinite(drawn).all(1)]
        if len(drawn) < DONORS:
            raise ModelError(
                f"Only {len(drawn)} of {len(samples)} samples of the flow are finite, so that "
                "nothing can stand in for a suspected value; fit the flow again."
            )
        found = drawn, robust_scale(drawn)[1]
        if context is None:
            self._drawn = found
        return found


def _sums_of_others(squares: np.ndarray) -> np.ndarray:
    """(n, d) -> (d, n): for each column the sum over all others, never by a difference.

    Example:
        >>> _sums_of_others(np.array([[1e30, 2.0, 3.0]]))[0]
        array([5.])
    """
    zero = np.zeros((len(squares), 1))
    before = np.cumsum(np.concatenate([zero, squares[:, :-1]], 1), 1)
    after = np.cumsum(np.concatenate([zero, squares[:, :0:-1]], 1), 1)[:, ::-1]
    return (before + after).T
