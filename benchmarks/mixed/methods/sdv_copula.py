"""SDV's Gaussian copula with its defaults, and the mass that it gives to the cells of a row.

The library's own `get_likelihood` leaves the margins out and its density knows no categories. Here
is the law that its samples follow: a normal vector, each coordinate turned by its fitted margin
(a beta law), clipped to the range seen, rounded; a category is an interval of its coordinate; a
number is missing by chance, whatever the others are. A row is then a box of the normal vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sdv.single_table import GaussianCopulaSynthesizer

from benchmarks.mixed.boxes import Rows, log_box
from benchmarks.mixed.methods import Fitted, Task
from benchmarks.mixed.methods.sdv_tables import TABLE, back, described, plain
from benchmarks.mixed.tables import is_category, is_time, numbers, step

DRAWS = 256  # for each row: see boxes.py


def copula(task: Task) -> Fitted:
    """As it comes."""
    np.random.seed(task.seed)  # SDV draws from the global generator
    model = GaussianCopulaSynthesizer(described(task.train))
    model.fit({TABLE: plain(task.train)})
    law = Law(model, task.train, task.seed)
    settings = {"margins": model.default_distribution, "draws": DRAWS, "rows": "90 %"}
    return Fitted(lambda n: back(model.sample(n), task.train), law.log_mass, settings)


class Law:
    """What the samples of a fitted synthesizer follow."""

    def __init__(self, model: Any, train: pd.DataFrame, seed: int) -> None:
        self.train, self.seed = train, seed
        self.model = model._model
        self.transformers = model._data_processor._hyper_transformer.field_transformers
        self.columns = list(self.model.columns)
        if set(self.columns) != set(train.columns):
            raise ValueError(f"the copula has the columns {self.columns}")

    def log_mass(self, rows: pd.DataFrame) -> Rows:
        """Log probability of each row's cells, nats: (n,)."""
        boxes = [self._column(rows[name], i) for i, name in enumerate(self.columns)]
        lower, upper = (np.stack([box[k] for box in boxes], 1) for k in (0, 1))
        gaps = np.sum([box[2] for box in boxes], 0)
        covariance = self.model.correlation.to_numpy().copy()
        np.fill_diagonal(covariance, 1)  # 0 for a column of one value, whose bounds are infinite
        return gaps + log_box(lower, upper, covariance, DRAWS, self.seed)

    def _column(self, column: pd.Series, i: int) -> tuple[Rows, Rows, Rows]:
        """Bounds of the normal coordinate, and the log probability of a gap or of none."""
        name = str(column.name)
        if is_category(self.train[name]):
            low, high = _interval(column, self.transformers[name].intervals)
            gap = np.zeros(len(column))
        else:
            low, high, gap = _cell(column, self.train[name], self.transformers[name])
        lower, upper = (_normal(self.model.univariates[i], edge) for edge in (low, high))
        return lower, upper, gap


def _interval(column: pd.Series, intervals: dict[Any, Any]) -> tuple[Rows, Rows]:
    """Between which numbers a category lies; the first and the last go on without end."""
    edges = {None if pd.isna(key) else key: pair for key, pair in intervals.items()}
    found = [edges.get(None if pd.isna(key) else key, (np.nan, np.nan)) for key in column]
    low, high = np.array(found, float).reshape(-1, 2).T
    return np.where(low == 0, -np.inf, low), np.where(high == 1, np.inf, high)


def _cell(column: pd.Series, train: pd.Series, transformer: Any) -> tuple[Rows, Rows, Rows]:
    """Between which numbers a rounded one lies, in SDV's unit, and the log probability of a gap."""
    x, seen, half = numbers(column), numbers(train), step(train) / 2
    least, most = np.nanmin(seen), np.nanmax(seen)
    low, high = x - half, x + half
    low[x <= least], high[x >= most] = -np.inf, np.inf  # what is beyond is clipped to the ends
    low[(x < least) | (x > most)] = np.nan  # and never drawn
    missing = np.isnan(x)
    low[missing], high[missing] = -np.inf, np.inf
    share = transformer.null_transformer._null_percentage or 0.0
    with np.errstate(divide="ignore"):
        gap = np.where(missing, np.log(share), np.log1p(-share))
    unit = _unit() if is_time(train) else 1.0
    return low * unit, high * unit, gap


def _unit() -> float:
    """How many of SDV's units of time are a second."""
    return float(pd.to_numeric(pd.to_datetime(pd.Series(["1970-01-01 00:00:01"]))).iloc[0])


def _normal(margin: Any, edge: Rows) -> Rows:
    """The edge in units of the normal coordinate; NaN, which is never drawn, gives no mass."""
    parameters = margin._params
    if parameters["scale"] == 0:  # a column of one value
        inside = np.where(edge <= parameters["loc"], -np.inf, np.inf)
        return np.where(np.isnan(edge), np.nan, inside)
    law = type(margin).MODEL_CLASS(**parameters)
    upper_tail = law.sf(edge)
    with np.errstate(invalid="ignore"):
        return np.where(upper_tail < 0.5, -ndtri(upper_tail), ndtri(law.cdf(edge)))
