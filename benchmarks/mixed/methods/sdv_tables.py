"""A table as SDV takes it: its types written down, no time zone, categories as text."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sdv.metadata import Metadata

from benchmarks.mixed.tables import is_category, is_time

TABLE = "table"
WRITTEN = "%Y-%m-%d %H:%M:%S"  # moments become text, as in a CSV file


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Categories as text and moments as text without a zone; numbers as they are."""
    made = rows.copy()
    for name in rows.columns:
        if is_time(rows[name]):
            made[name] = rows[name].dt.strftime(WRITTEN)
        elif is_category(rows[name]):
            made[name] = rows[name].astype(object)
    return made


def described(rows: pd.DataFrame) -> Metadata:
    """What each column is: numerical, categorical, or a moment; nothing is left to detection."""
    columns: dict[str, Any] = {}
    for name in rows.columns:
        if is_time(rows[name]):
            columns[name] = {"sdtype": "datetime", "datetime_format": WRITTEN}
        else:
            columns[name] = {"sdtype": "categorical" if is_category(rows[name]) else "numerical"}
    return Metadata.load_from_dict({"tables": {TABLE: {"columns": columns}}, "relationships": []})


def back(sampled: dict[str, pd.DataFrame], real: pd.DataFrame) -> pd.DataFrame:
    """SDV's rows with moments as moments again."""
    rows = sampled[TABLE]
    times = {
        name: pd.to_datetime(rows[name], format=WRITTEN, utc=True)
        for name in rows.columns
        if is_time(real[name])
    }
    return rows.assign(**times)
