"""`FlowAnomaly`: rows that are too unlikely, by a threshold whose false alarms are bounded."""

from __future__ import annotations

import math
import os
import warnings
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from pushforward.errors import ConfigurationError
from pushforward.estimator.rows import draw_seed, fit_rows, further_rows, training_rows
from pushforward.estimator.typed import (
    fit_table,
    further_table,
    is_typed,
    scores,
    table_schema,
    training_table,
)
from pushforward.schema import Schema
from pushforward.training import split_index

CALIBRATION = 0.2  # share of the rows that set the threshold and take no part in fitting
MOST_CALIBRATION = 10_000  # more rows than these are of more use to the flow


class FlowAnomaly(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Flags rows whose density is too low: −1 for an outlier, 1 for an inlier.

    A flow is fitted to four fifths of the rows, and the threshold is the conformal quantile of the
    log densities of the others, which take no part in fitting. Whether the flow is good or bad: of
    fresh rows of the same law as the rows of the fit, all independent, at most the share
    `contamination` is flagged, in expectation over the rows that calibrate. (From fit to fit, with
    m of them and no ties, that share varies as Beta(k, m + 1 − k), k = ⌊contamination·(m + 1)⌋.)

    So `contamination` bounds the false alarms among fresh rows. Of the rows of the fit another
    share may be flagged: most of those have been learned from, and look likelier than fresh ones.

    Data frames of mixed types are taken as by `FlowDensity`; a row with missing cells is judged by
    the density of its other cells, and one with a cell outside the schema is an outlier unless the
    threshold is −inf. A schema is told from the rows of the fit alone, so that the others are as
    new to it as fresh ones.

    As for `FlowDensity`, a time budget gives fits that are not equal bit for bit.

    Args:
        contamination: the largest share of fresh rows of the same law to flag, in (0, 0.5].
        random_state: an int, a RandomState, or None for NumPy's global state.
        time_budget: how long to train: seconds, or text such as "75s", "5m", "1h30m".
        schema: as of `FlowDensity`.

    Attributes:
        offset_: the threshold, nats; −inf, which flags nothing, where the rows are too few for
            `contamination`.
        n_calibration_: m, the number of rows that set it.
        flow_, model_, summary_, schema_, notes_, n_features_in_, feature_names_in_: as of
            `FlowDensity`.

    Source: Bates, Candès, Lei, Romano, Sesia, "Testing for outliers with conformal p-values",
    Annals of Statistics 51 (2023).

    Example:
        >>> import numpy as np
        >>> import pushforward as pf
        >>> X = np.random.default_rng(0).normal(size=(300, 2))
        >>> anomaly = pf.FlowAnomaly(contamination=0.05, random_state=0, time_budget="0.3s").fit(X)
        >>> anomaly.predict([[0.0, 0.0], [30.0, -30.0]])
        array([ 1, -1])
        >>> anomaly.n_calibration_
        60
        >>> import pyarrow as pa
        >>> frame = pa.table({"kind": ["a", "b"] * 150, "x": X[:, 0] + [0.0, 9.0] * 150})
        >>> anomaly = anomaly.set_params(schema="infer").fit(frame)
        >>> anomaly.predict(pa.table({"kind": ["a", "c"], "x": [0.1, 0.1]}))
        array([ 1, -1])
    """

    schema_: Schema | None
    notes_: list[str]

    def __init__(
        self,
        contamination: float = 0.1,
        random_state: Any = None,
        time_budget: str | float = "5m",
        schema: Schema | str | os.PathLike[str] | None = None,
    ) -> None:
        self.contamination = contamination
        self.random_state = random_state
        self.time_budget = time_budget
        self.schema = schema

    def fit(self, X: Any, y: Any = None) -> FlowAnomaly:
        """Fit to four fifths of the rows X (n, d), and set the threshold by the others.

        Args:
            X: finite numbers, every column taken as real-valued; or a data frame of mixed types.
            y: ignored.

        Raises:
            ValueError: in scikit-learn's words, X is not such numbers.
            DataError: as `FlowDensity.fit`, of the rows that are left to fit. (It is a ValueError.)
            ConfigurationError: a contamination or a time budget without a meaning. (So is this.)

        Warns:
            UserWarning: there are too few rows for any threshold to keep its promise.
        """
        typed = is_typed(self.schema, X)
        rows = training_table(self, X) if typed else training_rows(self, X)
        contamination = self._contamination()
        seed = draw_seed(self.random_state)
        share = calibration_rows(len(rows), contamination) / len(rows)
        kept, aside = (index.numpy() for index in split_index(len(rows), share, seed))
        calibrate = self._fit_frame if typed else self._fit_array
        self.n_calibration_ = len(aside)
        self.offset_ = conformal_threshold(calibrate(rows, kept, aside, seed), contamination)
        if len(aside) < least_calibration(contamination):
            warnings.warn(
                f"{len(aside)} of the rows set the threshold, too few for "
                f"contamination={contamination:g}, so that no row will be flagged; fit to "
                f"{2 * least_calibration(contamination)} rows or more.",
                UserWarning,
                stacklevel=2,
            )
        return self

    def _fit_array(
        self, rows: np.ndarray, kept: np.ndarray, aside: np.ndarray, seed: int
    ) -> np.ndarray:
        """Fit to the rows kept; the log densities of those aside."""
        self.model_, self.summary_ = fit_rows(self, rows[kept], None, self.time_budget, seed)
        self.flow_, self.schema_, self.notes_ = self.model_.flow, None, []
        return self.model_.log_prob(rows[aside])

    def _fit_frame(
        self, table: pa.Table, kept: np.ndarray, aside: np.ndarray, seed: int
    ) -> np.ndarray:
        """The same of a table."""
        known = table.take(pa.array(kept))
        schema, notes = table_schema(self.schema, known)
        self.model_, self.summary_ = fit_table(known, schema, None, self.time_budget, seed)
        self.flow_, self.schema_, self.notes_ = self.model_.flow, schema, notes
        return scores(self.model_, table.take(pa.array(aside)))

    def score_samples(self, X: Any) -> np.ndarray:
        """Log densities (n) of rows X (n, d), in nats, in the units of X; lower is more abnormal.

        Raises:
            NotFittedError, ValueError: no fit yet; X is not finite, or of other columns.
        """
        check_is_fitted(self, "offset_")
        if self.schema_ is not None:
            return scores(self.model_, further_table(self, X))
        return self.model_.log_prob(further_rows(self, X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Log densities less the threshold, (n), nats: below zero is an outlier.

        Raises:
            NotFittedError, ValueError: as `score_samples`.
        """
        scores = self.score_samples(X)
        above = np.zeros_like(scores)  # where score and threshold are both −inf: not below it
        return np.subtract(scores, self.offset_, out=above, where=scores != self.offset_)

    def predict(self, X: Any) -> np.ndarray:
        """−1 for outliers and 1 for inliers, (n) integers.

        Raises:
            NotFittedError, ValueError: as `score_samples`.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _contamination(self) -> float:
        """The share as a float.

        Raises:
            ConfigurationError: it is none in (0, 0.5].
        """
        share = self.contamination
        if not isinstance(share, Real) or not 0 < share <= 0.5:
            raise ConfigurationError(
                f"contamination must be a number above 0 and at most 0.5, but is {share!r}."
            )
        return float(share)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # a time budget ends where the machine is by then
        return tags


def conformal_threshold(scores: np.ndarray, contamination: float) -> float:
    """The score below which a fresh one is flagged, from m scores of the same law.

    The k-th smallest, k = ⌊contamination·(m + 1)⌋: a fresh score has each rank among all m + 1 with
    the same probability, so that it lies below with k / (m + 1) at most, and exactly so without
    ties. −inf where k is zero.

    Example:
        >>> conformal_threshold(np.arange(1.0, 20.0), 0.1)  # 1, 2, …, 19
        2.0
    """
    k = rank(len(scores), contamination)
    return float(np.sort(scores)[k - 1]) if k else -math.inf


def rank(m: int, contamination: float) -> int:
    """⌊contamination·(m + 1)⌋, with 0.29·100 taken as 29."""
    return math.floor(contamination * (m + 1) * (1 + 1e-12))


def least_calibration(contamination: float) -> int:
    """The fewest rows of which a threshold can keep its promise and flag anything.

    Example:
        >>> least_calibration(0.1), least_calibration(0.03)
        (9, 33)
    """
    return math.ceil((1 - 1e-12) / contamination) - 1


def calibration_rows(n: int, contamination: float) -> int:
    """How many of n rows set the threshold: a fifth, up to half where so many are needed."""
    wanted = min(round(CALIBRATION * n), MOST_CALIBRATION)
    return max(min(max(wanted, least_calibration(contamination)), n // 2), 1)
