"""What a model is worth that has learned from synthetic rows, judged by the real test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.mixed.tables import Split, is_category, numbers

LATE = 15  # minutes


@dataclass(frozen=True)
class Question:
    """What is to be foretold, and from what.

    Attributes:
        features: the columns known beforehand.
        score: what is measured, for the page.
    """

    features: tuple[str, ...]
    score: str


QUESTIONS = {
    "diamonds": Question(
        ("carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z"), "R² of log price"
    ),
    "nycflights": Question(
        (
            "month",
            "day",
            "sched_dep_time",
            "sched_arr_time",
            "carrier",
            "flight",
            "origin",
            "dest",
            "distance",
            "hour",
            "minute",
        ),
        f"AUC of an arrival more than {LATE} minutes late",
    ),
}


def utility(table: str, rows: Split, synthetic: pd.DataFrame, seed: int) -> dict[str, float | None]:
    """The score of gradient boosting fitted to synthetic rows and asked about real ones.

    Returns:
        utility: R² or AUC; None where the synthetic rows have nothing to learn from.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.metrics import r2_score, roc_auc_score

    question = QUESTIONS[table]
    (x, y), (asked, truth) = (
        posed(table, question, part, rows.train) for part in (synthetic, rows.test)
    )
    if len(np.unique(y)) < 2:
        return {"utility": None}
    if table == "diamonds":
        model = HistGradientBoostingRegressor(random_state=seed).fit(x, y)
        return {"utility": float(r2_score(truth, model.predict(asked)))}
    judge = HistGradientBoostingClassifier(random_state=seed).fit(x, y)
    return {"utility": float(roc_auc_score(truth, judge.predict_proba(asked)[:, 1]))}


def posed(
    table: str, question: Question, part: pd.DataFrame, train: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Features, categories with the levels of the real rows, and what is to be foretold."""
    if table == "diamonds":
        answer = np.log(np.maximum(numbers(part["price"]), 1))
    else:
        delay = numbers(part["arr_delay"])
        part = part[~np.isnan(delay)]
        answer = (delay[~np.isnan(delay)] > LATE).astype(int)
    features = {}
    for name in question.features:
        if is_category(train[name]):
            levels = pd.Categorical(train[name]).categories
            features[name] = pd.Categorical(part[name], categories=list(levels))
        else:
            features[name] = numbers(part[name])
    return pd.DataFrame(features), answer
