"""What both estimators do with rows: check them as scikit-learn does, and fit a flow to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_non_negative, validate_data

from pushforward.density import fit_density
from pushforward.errors import DataError
from pushforward.storage import TableRecord
from pushforward.tables.model import TableModel, column_records, without_offsets
from pushforward.training import seconds


def training_rows(estimator: Any, X: Any) -> np.ndarray:
    """X as float64 (n, d) with n of 2 or more; the estimator notes the number and names of columns.

    Raises:
        ValueError, TypeError: in scikit-learn's words: not finite, not two-dimensional, sparse.
    """
    return validate_data(estimator, X, dtype=np.float64, ensure_min_samples=2)


def further_rows(estimator: Any, X: Any) -> np.ndarray:
    """X as float64 (n, d), its columns those of the fit.

    Raises:
        ValueError, TypeError: as `training_rows`, or other columns.
    """
    return validate_data(estimator, X, dtype=np.float64, reset=False)


def draw_seed(random_state: Any) -> int:
    """A seed from None (NumPy's global state), an int or a RandomState, as scikit-learn takes them.

    An int gives the same seed each time; the other two move on.

    Example:
        >>> draw_seed(0) == draw_seed(0)
        True
    """
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def fit_rows(
    estimator: Any, x: np.ndarray, sample_weight: Any, time_budget: str | float, seed: int
) -> tuple[TableModel, str]:
    """Fit a flow to x (n, d), whose columns the estimator has noted.

    A column far from zero is shifted before float32 would lose its digits; rows without weight are
    taken out first, so that they count as absent in everything.

    Returns:
        the flow with its columns (log densities, samples and latents in the units of x), and what
        the fit came to, in words.

    Raises:
        DataError: fewer rows than columns, columns that are constant or equal, fewer than two
            rows of some weight.
        ConfigurationError: a time budget without a meaning.
        ValueError: weights that are negative, all zero, or of another length.
    """
    x, weight = weighted(x, sample_weight)
    names = column_names(estimator)
    record = TableRecord(columns=column_records(names, x))
    shifted = without_offsets(x, record.columns)  # never x itself
    fitted = fit_density(
        shifted, sample_weight=weight, names=names, time_budget=seconds(time_budget), seed=seed
    )
    return TableModel(fitted.flow.eval(), record, torch.empty(0)), fitted.summary()


def weighted(x: np.ndarray, sample_weight: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """The rows of x (n, …) that have some weight, and those weights; None where all count alike.

    Raises:
        DataError: fewer than two rows have some weight.
        ValueError: weights that are negative, all zero, or of another length.

    Example:
        >>> x, weight = weighted(np.eye(3), [1.0, 0.0, 2.0])
        >>> x.shape, weight.tolist()
        ((2, 3), [1.0, 2.0])
    """
    if sample_weight is None:
        return x, None
    weight = _check_sample_weight(sample_weight, x, dtype=np.float64)
    check_non_negative(weight, "`sample_weight`")
    x, weight = x[weight > 0], weight[weight > 0]
    if len(x) < 2:
        raise DataError(
            f"A fit needs two rows or more of some weight, but was given {len(x)}; the others "
            "have sample_weight zero."
        )
    return x, weight


def column_names(estimator: Any) -> list[str]:
    """The names that the rows came with, or x0, x1, … as scikit-learn calls them."""
    given = getattr(estimator, "feature_names_in_", None)
    return [f"x{j}" for j in range(estimator.n_features_in_)] if given is None else list(given)
