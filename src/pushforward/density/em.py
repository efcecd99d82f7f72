"""Expectation maximisation of Gaussian mixtures: scikit-learn's, as it is used everywhere here."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

RIDGE = 1e-6  # added to the variances of standardized columns
STEPS = 200


def em(
    rows: np.ndarray, components: int, seed: int, covariance: str = "full", starts: int = 1
) -> GaussianMixture:
    """A mixture fitted to rows (n, d); one that has not settled in `STEPS` steps is as good.

    Args:
        covariance: "full", "tied", "diag" or "spherical".
        starts: the best of so many is kept.

    Example:
        >>> em(np.array([[0.0], [1.0], [9.0], [10.0]]), 2, seed=0).means_.round(1).min().item()
        0.5
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        components,
        covariance_type=covariance,
        reg_covar=RIDGE,
        n_init=starts,
        max_iter=STEPS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(rows)
