"""`FlowDensity`: a density, its samples and its latents, as scikit-learn takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from pushforward.estimator.rows import draw_seed, fit_rows, further_rows, training_rows
from pushforward.training.settings import whole


class FlowDensity(TransformerMixin, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """The density of rows of real numbers: log p(x) exactly, new rows, and latents.

    `time_budget` bounds the training, so how far it comes depends on the machine: with the same
    `random_state` two fits begin alike and draw the same rows, but are not equal bit for bit.

    Args:
        random_state: of the fit, and of `sample` where that is given none: an int, a RandomState,
            or None for NumPy's global state.
        time_budget: how long to train: seconds, or text such as "75s", "5m", "1h30m".

    Attributes:
        flow_: the fitted `pushforward.Flow`, in float32. Where a column lies a thousand spreads or
            more from zero, the flow sees it less the offset in `model_.table`.
        model_: that flow with its columns, in float64 and the units of X.
        summary_: what the fit came to, in words.
        n_features_in_: d, the number of columns.
        feature_names_in_: their names, where X was a data frame.

    Example:
        >>> import numpy as np
        >>> import pushforward as pf
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(200, 2)) @ [[1.0, 0.8], [0.0, 0.6]]
        >>> density = pf.FlowDensity(random_state=0, time_budget="0.3s").fit(X)
        >>> log_p = density.score_samples(X)  # nats
        >>> log_p.shape, bool(np.isclose(density.score(X), log_p.mean()))
        ((200,), True)
        >>> density.sample(3).shape
        (3, 2)
        >>> Z = density.transform(X)
        >>> bool(np.allclose(density.inverse_transform(Z), X, atol=1e-3))
        True
        >>> list(density.get_feature_names_out())
        ['z_1', 'z_2']
    """

    def __init__(self, random_state: Any = None, time_budget: str | float = "5m") -> None:
        self.random_state = random_state
        self.time_budget = time_budget

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> FlowDensity:
        """Fit to rows X (n, d) by maximum likelihood.

        Args:
            X: finite numbers, every column taken as real-valued.
            y: ignored.
            sample_weight: (n), not negative. 2 counts a row twice in the likelihood; a row of
                weight 0 is as if it were not there.

        Raises:
            ValueError: in scikit-learn's words, X or the weights are not such numbers.
            DataError: no density can be fitted: fewer rows than columns, or columns that are
                constant or equal. (It is a ValueError too.)
            ConfigurationError: a time budget without a meaning. (So is this.)
        """
        rows = training_rows(self, X)
        seed = draw_seed(self.random_state)
        self.model_, self.summary_ = fit_rows(self, rows, sample_weight, self.time_budget, seed)
        self.flow_ = self.model_.flow
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Log densities (n) of rows X (n, d), in nats, in the units of X.

        −inf where the density is zero. They may be positive: a density may exceed one.

        Raises:
            NotFittedError, ValueError: no fit yet; X is not finite, or of other columns.
        """
        check_is_fitted(self, "model_")
        return self.model_.log_prob(further_rows(self, X))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log density of rows X (n, d), in nats per row; more is better.

        The mean, as of `sklearn.mixture.GaussianMixture`; `KernelDensity.score` gives the sum.

        Raises:
            NotFittedError, ValueError: as `score_samples`.
        """
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """New rows (n_samples, d), in the units of X.

        Args:
            n_samples: one or more.
            random_state: an int, a RandomState, or None for the estimator's own; where that is an
                int, every call draws the same rows.

        Raises:
            NotFittedError: no fit yet.
            ConfigurationError: n_samples is no whole number of at least one.
        """
        check_is_fitted(self, "model_")
        n = whole("n_samples", n_samples, 1)
        seed = draw_seed(self.random_state if random_state is None else random_state)
        return np.concatenate(list(self.model_.sample(n, seed)))

    def transform(self, X: Any) -> np.ndarray:
        """Latents (n, d) of rows X (n, d): standard normal, as far as the fit is good.

        Raises:
            NotFittedError, ValueError: as `score_samples`.
        """
        check_is_fitted(self, "model_")
        return self.model_.encode(further_rows(self, X))

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Rows (n, d), in the units of X, of latents Z (n, d).

        Raises:
            NotFittedError, ValueError: no fit yet; Z is not finite numbers in d columns.
        """
        check_is_fitted(self, "model_")
        latents = check_array(Z, dtype=np.float64, input_name="Z")
        if latents.shape[1] != self.n_features_in_:
            raise ValueError(
                f"Z has {latents.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return self.model_.decode(latents)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the latents, z_1 … z_d, as the command line calls them.

        Raises:
            NotFittedError, ValueError: no fit yet; input_features are not the columns of the fit.
        """
        check_is_fitted(self, "model_")
        _check_feature_names_in(self, input_features)
        return np.array([f"z_{j + 1}" for j in range(self.n_features_in_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # a time budget ends where the machine is by then
        return tags
