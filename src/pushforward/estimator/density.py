"""`FlowDensity`: a density, its samples and its latents, as scikit-learn takes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, DensityMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from pushforward.conditions import from_mapping
from pushforward.errors import ConfigurationError
from pushforward.estimator.rows import draw_seed, fit_rows, further_rows, training_rows
from pushforward.estimator.typed import (
    fit_table,
    further_table,
    imputed,
    inside,
    is_typed,
    scores,
    table_schema,
    training_table,
    weighted_table,
)
from pushforward.schema import Schema
from pushforward.schema.frames import like, without_rows
from pushforward.training.settings import whole


class FlowDensity(TransformerMixin, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """The density of rows: log p(x) exactly, new rows, latents, and rows completed.

    Arrays, and data frames full of numbers, are taken as real-valued in every column, and arrays
    come back. A data frame (pandas, polars, pyarrow) with other columns or missing cells, or with
    `schema=`, is read by a schema: numbers real, rounded or counted, dates, categories. Its model
    is a density in real columns and a probability in all others, takes missing cells as unknown,
    and gives back frames of the same library, with the same names and types. Any of its columns
    can be conditioned on: `impute`, and `sample` with `given`.

    `time_budget` bounds the training, so how far it comes depends on the machine: with the same
    `random_state` two fits begin alike and draw the same rows, but are not equal bit for bit.

    Args:
        random_state: of the fit, and of `sample` where that is given none: an int, a RandomState,
            or None for NumPy's global state.
        time_budget: how long to train: seconds, or text such as "75s", "5m", "1h30m".
        schema: what the columns of a data frame are: a `pushforward.schema.Schema`, the path of its
            file, or "infer", to have it told from the rows. None: told where a frame is not full of
            numbers.

    Attributes:
        flow_: the fitted `pushforward.Flow`, in float32. Where a column lies a thousand spreads or
            more from zero, the flow sees it less the offset in `model_.table`.
        model_: that flow with its columns, in float64 and the units of X.
        summary_: what the fit came to, in words.
        schema_: the columns' schema; None where they are real numbers without one.
        notes_: what was assumed of the columns, a line each; questions begin with "?".
        n_features_in_: the number of columns; d, where all of them are modelled.
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

        A data frame of mixed types:

        >>> import pyarrow as pa
        >>> cut = rng.choice(["Fair", "Good"], size=200)
        >>> price = 300 + 200 * (cut == "Good") + rng.integers(100, size=200)
        >>> frame = pa.table({"cut": cut, "price": [None, *price[1:].tolist()]})
        >>> density = pf.FlowDensity(random_state=0, time_budget="0.3s").fit(frame)
        >>> [(column.name, column.kind) for column in density.schema_.columns]
        [('cut', 'category'), ('price', 'integer')]
        >>> density.score_samples(frame).shape
        (200,)
        >>> new = density.sample(3, given={"cut": "Good", "price": (450, None)})
        >>> new.column_names, set(new["cut"].to_pylist()), min(new["price"].to_pylist()) >= 450
        (['cut', 'price'], {'Good'}, True)
        >>> density.impute(frame)["price"].null_count
        0
    """

    schema_: Schema | None
    notes_: list[str]

    def __init__(
        self,
        random_state: Any = None,
        time_budget: str | float = "5m",
        schema: Schema | str | os.PathLike[str] | None = None,
    ) -> None:
        self.random_state = random_state
        self.time_budget = time_budget
        self.schema = schema

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> FlowDensity:
        """Fit to rows X (n, d) by maximum likelihood.

        Args:
            X: finite numbers, every column taken as real-valued; or a data frame of mixed types.
            y: ignored.
            sample_weight: (n), not negative. 2 counts a row twice in the likelihood; a row of
                weight 0 is as if it were not there.

        Raises:
            ValueError: in scikit-learn's words, X or the weights are not such numbers.
            DataError: no density can be fitted: fewer rows than columns, or columns that are
                constant or equal; of a data frame, no column that can be modelled, or a cell
                outside the schema that was given. (It is a ValueError too.)
            ConfigurationError: a time budget or a schema without a meaning. (So is this.)
        """
        if is_typed(self.schema, X):
            return self._fit_frame(X, sample_weight)
        rows = training_rows(self, X)
        seed = draw_seed(self.random_state)
        self.model_, self.summary_ = fit_rows(self, rows, sample_weight, self.time_budget, seed)
        self.flow_, self.schema_, self.notes_ = self.model_.flow, None, []
        return self

    def _fit_frame(self, X: Any, sample_weight: Any) -> FlowDensity:
        table, weight = weighted_table(training_table(self, X), sample_weight)
        schema, notes = table_schema(self.schema, table)
        seed = draw_seed(self.random_state)
        self.model_, self.summary_ = fit_table(table, schema, weight, self.time_budget, seed)
        self.flow_, self.schema_, self.notes_ = self.model_.flow, schema, notes
        self._frame = without_rows(X)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Log densities (n) of rows X (n, d), in nats, in the units of X.

        −inf where the density is zero. They may be positive: a density may exceed one. Of typed
        columns it is a density in the real ones and a probability in the others; a row with missing
        cells has that of its other cells, and one with a cell outside the schema has −inf.

        Raises:
            NotFittedError, ValueError: no fit yet; X is not finite, or of other columns.
        """
        check_is_fitted(self, "model_")
        if self.schema_ is not None:
            return scores(self.model_, further_table(self, X))
        return self.model_.log_prob(further_rows(self, X))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log density of rows X (n, d), in nats per row; more is better.

        The mean, as of `sklearn.mixture.GaussianMixture`; `KernelDensity.score` gives the sum.

        Raises:
            NotFittedError, ValueError: as `score_samples`.
        """
        return float(self.score_samples(X).mean())

    def sample(
        self, n_samples: int = 1, random_state: Any = None, given: Mapping[str, Any] | None = None
    ) -> Any:
        """New rows (n_samples, d), in the units of X; of typed columns, a data frame as X was.

        Args:
            n_samples: one or more.
            random_state: an int, a RandomState, or None for the estimator's own; where that is an
                int, every call draws the same rows.
            given: conditions on typed columns by name: a value, a pair (low, high) whose ends
                belong to it (None for an open one), or a list of categories. Given values, and at
                most one pair or list beside them, the rows are exact draws of the model's law given
                all of that. Given several pairs or lists they are chosen among weighted draws, so
                that one may come twice: `model_.conditional(given)` says by `effective` what its
                `drawn` ones are worth.

        Raises:
            NotFittedError: no fit yet.
            ConfigurationError: n_samples is no whole number of at least one; conditions without a
                meaning, too rare to be met, or on a density that was fitted without a schema.
            DataError: conditions on a column that there is not, or of a value that it cannot have.
        """
        check_is_fitted(self, "model_")
        n = whole("n_samples", n_samples, 1)
        seed = draw_seed(self.random_state if random_state is None else random_state)
        if given is not None:
            told = self.model_.conditional(from_mapping(given, self._typed()), seed)
            return self._as_frame(np.concatenate(list(self.model_.sample(n, given=told))))
        rows = np.concatenate(list(self.model_.sample(n, seed)))
        return rows if self.schema_ is None else self._as_frame(rows)

    def impute(self, X: Any, random_state: Any = None) -> Any:
        """The data frame X (n columns as in the fit) with its missing cells drawn.

        Each is drawn from its law given the known cells of its row and what was drawn of the row
        before it, so that the rows have the joint law: draw several times to see how sure it is.
        Known cells stay as they are, and so do columns that the model leaves out.

        Args:
            X: a data frame; another library's than that of the fit will do.
            random_state: as of `sample`.

        Raises:
            NotFittedError, ValueError: no fit yet; X is of other columns.
            DataError: a cell is outside the schema, or has no probability. (It is a ValueError.)
            ConfigurationError: the density was fitted without a schema.

        Example:
            >>> import pyarrow as pa
            >>> import pushforward as pf
            >>> X = pa.table({"a": ["x", "y", None, "x"] * 50, "b": [1, 2, 2, None] * 50})
            >>> full = pf.FlowDensity(random_state=0, time_budget="0.3s").fit(X).impute(X)
            >>> full["a"].null_count, full["b"].null_count, full.schema == X.schema
            (0, 0, True)
        """
        check_is_fitted(self, "model_")
        self._typed()
        table = further_table(self, X)
        seed = draw_seed(self.random_state if random_state is None else random_state)
        return imputed(self.model_, X, table, seed)

    def transform(self, X: Any) -> np.ndarray:
        """Latents (n, d) of rows X (n, d): standard normal, as far as the fit is good.

        Of a cell with a probability they are drawn from its interval, of a missing one from the
        standard normal; equal calls draw alike. d counts modelled columns.

        Raises:
            NotFittedError, ValueError: as `score_samples`; a cell outside the schema.
        """
        check_is_fitted(self, "model_")
        if self.schema_ is not None:
            return self.model_.encode(inside(self.model_, further_table(self, X)))
        return self.model_.encode(further_rows(self, X))

    def inverse_transform(self, Z: Any) -> Any:
        """Rows (n, d), in the units of X, of latents Z (n, d); of typed columns, a data frame.

        Raises:
            NotFittedError, ValueError: no fit yet; Z is not finite numbers in d columns.
        """
        check_is_fitted(self, "model_")
        latents = check_array(Z, dtype=np.float64, input_name="Z")
        d = len(self.model_.columns)
        if latents.shape[1] != d:
            raise ValueError(
                f"Z has {latents.shape[1]} features, but {type(self).__name__} is expecting "
                f"{d} features as input."
            )
        rows = self.model_.decode(latents)
        return rows if self.schema_ is None else self._as_frame(rows)

    def _typed(self) -> Schema:
        """The schema.

        Raises:
            ConfigurationError: there is none.
        """
        if self.schema_ is None:
            raise ConfigurationError(
                "The density was fitted to real numbers without a schema, whose columns cannot be "
                "conditioned on one another; fit it to a data frame with schema='infer'."
            )
        return self.schema_

    def _as_frame(self, rows: np.ndarray) -> Any:
        """Values (n, d) as a data frame of the library and the types of the fit's."""
        return like(self._frame)(pa.table(self.model_.named(rows)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the latents, z_1 … z_d, as the command line calls them.

        Raises:
            NotFittedError, ValueError: no fit yet; input_features are not the columns of the fit.
        """
        check_is_fitted(self, "model_")
        _check_feature_names_in(self, input_features)
        return np.array([f"z_{j + 1}" for j in range(len(self.model_.columns))], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # a time budget ends where the machine is by then
        return tags
