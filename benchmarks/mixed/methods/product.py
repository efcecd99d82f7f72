"""pushforward, as it comes, within a budget of seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pushforward as pf
from benchmarks.mixed.methods import Fitted, Task
from benchmarks.mixed.tables import step


def product(task: Task) -> Fitted:
    """`FlowDensity` on the data frame, its schema inferred, within the default budget."""
    found = pf.FlowDensity(random_state=task.seed, time_budget=task.budget, schema="infer")
    found.fit(task.train)
    # A column that is taken as real has a density; times the width of a cell it is about its mass.
    names = [c["name"] for c in found.schema_.model_dump()["columns"] if c["kind"] in DENSE]
    widths = sum(float(np.log(step(task.train[name]))) for name in names)

    def log_mass(rows: pd.DataFrame) -> np.ndarray:
        return found.score_samples(rows) + widths

    return Fitted(found.sample, log_mass, {"budget": task.budget, "rows": "90 %"})


DENSE = ("real", "positive", "bounded", "periodic")
