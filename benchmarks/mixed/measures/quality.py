"""How like the real rows: sdmetrics' quality report, 0 to 1."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.mixed.tables import Split, is_category, is_time


def quality(rows: Split, synthetic: pd.DataFrame) -> dict[str, float]:
    """The report's score, and the two it is the mean of, against the test rows.

    Returns:
        quality, shapes (of columns, one by one), pairs (trends between two columns).
    """
    from sdmetrics.reports.single_table import QualityReport

    report = QualityReport()
    real = unzoned(rows.test)
    report.generate(real, unzoned(synthetic), described(rows.train), verbose=False)
    parts = report.get_properties().set_index("Property")["Score"]
    return {
        "quality": float(report.get_score()),
        "shapes": float(parts["Column Shapes"]),
        "pairs": float(parts["Column Pair Trends"]),
    }


def unzoned(rows: pd.DataFrame) -> pd.DataFrame:
    """Moments without a zone, numbers as float64, categories as text."""
    made = {}
    for name, column in rows.items():
        if is_time(column):
            made[name] = column.dt.tz_localize(None).astype("datetime64[ns]")
        else:
            made[name] = column.astype(object if is_category(column) else float)
    return pd.DataFrame(made)


def described(train: pd.DataFrame) -> dict[str, Any]:
    """What each column is, in sdmetrics' words."""

    def kind(column: pd.Series) -> str:
        if is_time(column):
            return "datetime"
        return "categorical" if is_category(column) else "numerical"

    return {"columns": {str(name): {"sdtype": kind(column)} for name, column in train.items()}}
