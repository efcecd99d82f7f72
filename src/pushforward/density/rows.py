"""The rows of a density fit: standardized, weighted, and divided into folds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pushforward.errors import DataError
from pushforward.numerics import without_outliers
from pushforward.training.data import Rows

FOLDS = 10
FEWEST = 4  # different rows: each fold leaves some
LEAST_WEIGHT = 1e-30  # relative to the largest, which float32 can still tell from zero
FARTHEST, SMALLEST, LARGEST = 1e5, 1e-30, 1e30  # float32 keeps digits of columns within these
FEW_VALUES = 20  # a column of so few distinct numbers is taken for discrete


@dataclass(frozen=True)
class Standardized:
    """Columns of mean 0 and deviation 1, and what undoes that.

    Attributes:
        rows: x (n, d), its context (n, c) or None, weights (n) of mean one, float32.
        loc, scale: of the columns (d).
        context_loc, context_scale: of the context's (c).
        fold: which of the `FOLDS` folds each row belongs to (n); equal rows share one.
        different: how many rows are different.
    """

    rows: Rows
    loc: Tensor
    scale: Tensor
    context_loc: Tensor
    context_scale: Tensor
    fold: Tensor
    different: int

    @cached_property
    def joint(self) -> Tensor:
        """The context and the columns, (n, c + d)."""
        x, context = self.rows.x, self.rows.context
        return x if context is None else torch.cat([context, x], 1)

    def split(self, fold: int) -> tuple[Tensor, Tensor]:
        """The numbers of the rows outside a fold, and of those in it."""
        inside = self.fold == fold
        return (~inside).nonzero()[:, 0], inside.nonzero()[:, 0]


def standardize(
    x: np.ndarray,
    context: np.ndarray | None,
    weight: np.ndarray | None,
    names: list[str],
    seed: int,
) -> Standardized:
    """Rows as candidates meet them; rows without weight are as if not there.

    Rows that are equal share a fold, or a copy in training would foretell the other. Which fold
    does not depend on the order of the rows.

    Raises:
        DataError: fewer different rows than columns, a constant column, numbers that float32 cannot
            hold, or two columns that are equal.

    Warns:
        UserWarning: columns that look discrete.
    """
    w = np.ones(len(x)) if weight is None else weight / weight.max()
    here = w > LEAST_WEIGHT
    x, w = x[here], w[here] / w[here].mean()
    given = np.zeros((len(x), 0)) if context is None else context[here]
    fold, different = folds(np.concatenate([given, x], 1), seed)
    loc, scale = _moments(x, w)
    _refuse_unfit(x, names, different, loc, scale)
    given_loc, given_scale = _moments(given, w)
    return Standardized(
        Rows(
            _float((x - loc) / scale),
            None if context is None else _float((given - given_loc) / given_scale),
            _float(w),
        ),
        _float(loc),
        _float(scale),
        _float(given_loc),
        _float(given_scale),
        torch.from_numpy(fold),
        different,
    )


def folds(x: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """A fold in 0 … FOLDS - 1 for each of the rows (n, d), and how many rows are different.

    Example:
        >>> x = np.array([[1.0], [2.0], [1.0]])
        >>> (first, _, third), different = folds(x, seed=0)
        >>> bool(first == third), different
        (True, 2)
    """
    _, group = np.unique(x, axis=0, return_inverse=True)
    group = group.reshape(-1)
    different = int(group.max()) + 1
    order = np.random.default_rng(seed).permutation(different)
    return (order % FOLDS)[group], different


def _moments(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means and deviations, which a single wild row does not decide."""
    x = without_outliers(torch.from_numpy(x)).numpy()
    loc = np.average(x, axis=0, weights=w)
    scale = np.sqrt(np.average((x - loc) ** 2, axis=0, weights=w))
    return loc, np.where(scale > 0, scale, 1.0)


def _float(values: np.ndarray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)


def _refuse_unfit(
    x: np.ndarray, names: list[str], different: int, loc: np.ndarray, scale: np.ndarray
) -> None:
    """Refuse rows whose density has no bound or no digits; warn of columns that look discrete."""
    d = x.shape[1]
    n, least = different, max(d, FEWEST)
    if n < least:
        raise DataError(
            f"There {'is 1 different row' if n == 1 else f'are {n} different rows'} for {d} "
            f"{'column' if d == 1 else 'columns'}, and a density of so many needs {least} at "
            "least: give more rows or fewer columns."
        )
    for j in np.flatnonzero(np.ptp(x, axis=0) == 0).tolist():
        raise DataError(f"Column {names[j]!r} is {x[0, j]:g} in every row; leave it out.")
    for j, (middle, spread) in enumerate(zip(loc, scale, strict=True)):
        if not SMALLEST < spread < LARGEST or abs(middle) > FARTHEST * spread:
            raise DataError(
                f"Column {names[j]!r} lies round {middle:g} with a spread of {spread:g}, of which "
                "float32 keeps no digits; shift or rescale it."
            )
    seen: dict[bytes, int] = {}
    for j in range(d):
        twin = seen.setdefault((x[:, j] + 0.0).tobytes(), j)
        if twin != j:
            raise DataError(
                f"Columns {names[twin]!r} and {names[j]!r} are equal in every row, so that their "
                "density has no bound; leave one of them out."
            )
    discrete = [names[j] for j in range(d) if _looks_discrete(x[:, j])]
    if discrete:
        listed = ", ".join(repr(name) for name in discrete[:10])
        more = f" and {len(discrete) - 10} more" if len(discrete) > 10 else ""
        warnings.warn(
            f"Columns of few distinct values are taken as real numbers: {listed}{more}. Their "
            "density has no bound; add noise of the size of their steps, or leave them out.",
            UserWarning,
            stacklevel=4,
        )


def _looks_discrete(column: np.ndarray) -> bool:
    """Few distinct values, most of them seen many times."""
    return len(column) > 5 * FEW_VALUES and len(np.unique(column)) <= FEW_VALUES
