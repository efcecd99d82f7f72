"""How like the real rows: sdmetrics' quality report, 0 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.mixed.tables import Split, is_category, is_time, numbers


def quality(rows: Split, tables: list[pd.DataFrame]) -> dict[str, float]:
    """The report's score, and the two it is the mean of, against the test rows.

    Returns:
        quality, shapes (of columns, one by one), pairs (trends between two columns), means over
        the synthetic tables; quality_spread, the standard deviation of the first; and within, the
        score of those rows whose numbers are in the range of the test rows.
    """
    found = pd.DataFrame([_scores(rows, synthetic) for synthetic in tables])
    found["within"] = [_scores(rows, _within(rows.test, table))["quality"] for table in tables]
    spread = float(found["quality"].std()) if len(tables) > 1 else 0.0
    means = {str(name): float(value) for name, value in found.mean().items()}
    return means | {"quality_spread": spread}


def _scores(rows: Split, synthetic: pd.DataFrame) -> dict[str, float]:
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


def _within(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    """Rows whose numbers, where they have any, lie in the range of the real ones."""
    kept = pd.Series(True, index=synthetic.index)
    for name in real.columns:
        if not is_category(real[name]):
            known, own = numbers(real[name]), numbers(synthetic[name])
            with np.errstate(invalid="ignore"):
                kept &= ~((own < np.nanmin(known)) | (own > np.nanmax(known)))
    return synthetic[kept].reset_index(drop=True)


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
