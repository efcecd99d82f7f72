"""The two tables, their splits, and the cells that their numbers are rounded to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.density.tables import RESOLUTION, cut
from benchmarks.mixed.plan import SIZES

HOUR = 3600  # seconds


@dataclass(frozen=True)
class Split:
    """Rows of one table, in the types that they have.

    Attributes:
        train: the 80 % and the 10 % to choose by, which every method may use as it likes.
        test: the other 10 %, to be judged by.
        validation: how many rows at the end of `train` are the 10 % to choose by.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    validation: int


def diamonds() -> pd.DataFrame:
    """All ten columns: six real, the price whole, three ordered categories."""
    import pushforward.datasets as datasets

    return datasets.load("diamonds_graded").to_pandas()


def nycflights() -> pd.DataFrame:
    """50,000 flights drawn once, as they are: whole numbers and text with gaps, a timestamp."""
    import pushforward.datasets as datasets

    return datasets.load("nycflights", rows=SIZES["nycflights"][0], seed=0).to_pandas()


TABLES = {"diamonds": diamonds, "nycflights": nycflights}


def split(name: str, seed: int) -> Split:
    """A table cut in three, 80, 10 and 10 %, anew with each seed; the same for every method."""
    whole = TABLES[name]()
    train, validation, test = cut(len(whole), seed)
    known = np.concatenate([train, validation])
    return Split(
        whole.iloc[known].reset_index(drop=True),
        whole.iloc[test].reset_index(drop=True),
        len(validation),
    )


def is_time(column: pd.Series) -> bool:
    """Whether a column holds moments."""
    return isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M"


def is_category(column: pd.Series) -> bool:
    """Whether a column holds text, or graded categories."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    return column.dtype == object or isinstance(column.dtype, pd.StringDtype)


def step(column: pd.Series) -> float:
    """The width of the cells that a column of numbers is rounded to; of moments in seconds."""
    return float(HOUR) if is_time(column) else RESOLUTION.get(str(column.name), 1.0)


def numbers(column: pd.Series) -> np.ndarray:
    """A column of numbers or moments as float64, NaN where nothing is known; moments in seconds.

    Example:
        >>> numbers(pd.Series([pd.Timestamp("1970-01-01T01:00:00Z"), None])).tolist()
        [3600.0, nan]
    """
    if not is_time(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
    seconds = plain.to_numpy("datetime64[s]").astype(np.int64).astype(np.float64)
    return np.where(column.isna(), np.nan, seconds)


def like(rows: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Synthetic rows in the types of the real ones, numbers rounded to their cells.

    Example:
        >>> real = pd.DataFrame({"price": [326, 327], "cut": pd.Categorical(["Fair", "Ideal"])})
        >>> like(pd.DataFrame({"cut": ["Ideal"], "price": [326.4]}), real).to_dict("records")
        [{'price': 326.0, 'cut': 'Ideal'}]
    """
    made = {}
    for name in real.columns:
        column, target = rows[name], real[name]
        if isinstance(target.dtype, pd.CategoricalDtype):
            made[name] = pd.Series(pd.Categorical(column, dtype=target.dtype))
        elif is_category(target):
            text = column.astype(object).reset_index(drop=True)
            made[name] = text.where(text.notna(), None)
        else:
            width = step(target)
            cells = pd.Series(np.round(numbers(column) / width) * width).round(6) + 0.0  # no -0
            made[name] = moments(cells) if is_time(target) else cells
    return pd.DataFrame(made)


def moments(seconds: pd.Series) -> pd.Series:
    """Seconds since 1970 as moments, UTC."""
    return pd.to_datetime(seconds, unit="s", utc=True).astype("datetime64[s, UTC]")
