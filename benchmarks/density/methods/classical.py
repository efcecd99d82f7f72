"""scikit-learn's estimators, and the truth: settings by the validation rows, then all 90 %."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from benchmarks.density import tables
from benchmarks.density.methods import Fitted, Task
from benchmarks.density.methods.search import best

COMPONENTS = (1, 2, 5, 10, 20, 40, 80, 160, 320)
BAYESIAN_COMPONENTS = (10, 20, 40)
BANDWIDTHS = tuple(float(f"{h:.3g}") for h in np.geomspace(1.5, 0.02, 20))  # standard deviations


def gaussian(task: Task) -> Fitted:
    """One normal distribution with a full covariance; nothing to choose."""
    model = GaussianMixture(1, random_state=task.seed).fit(task.split.both)
    return Fitted(model.score_samples, {"rows": "90 %"})


def chosen(task: Task, make: Callable[[Any], Any], values: tuple[Any, ...], name: str) -> Fitted:
    """The setting with the best mean over the validation rows, fitted anew to the 90 %."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    split = task.split

    def score(value: Any) -> float:
        return float(make(value).fit(split.train).score_samples(split.validation).mean())

    value, tried = best(values, score)
    model = make(value).fit(split.both)
    settings = {name: value, "validation": tried, "rows": "80 % to choose, refit on 90 %"}
    return Fitted(model.score_samples, settings)


def mixture(task: Task) -> Fitted:
    """A mixture of normal distributions with full covariances."""
    return chosen(
        task, lambda k: GaussianMixture(k, random_state=task.seed), COMPONENTS, "components"
    )


def bayesian(task: Task) -> Fitted:
    """The same with priors, which empty the components that the rows do not need."""
    return chosen(
        task,
        lambda k: BayesianGaussianMixture(n_components=k, random_state=task.seed),
        BAYESIAN_COMPONENTS,
        "components",
    )


def kernel(task: Task) -> Fitted:
    """A normal kernel of one bandwidth on every row."""
    return chosen(task, lambda h: KernelDensity(bandwidth=h), BANDWIDTHS, "bandwidth")


def truth(task: Task) -> Fitted:
    """The density that twonorm's rows were drawn from."""
    split = task.split
    return Fitted(lambda x: tables.truth(x, split.loc, split.scale), {"rows": "none"})
