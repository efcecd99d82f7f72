"""A vine copula on kernel margins, as pyvinecopulib fits it by itself."""

from __future__ import annotations

import numpy as np
import pyvinecopulib as pv

from benchmarks.density.methods import Fitted, Task
from benchmarks.density.tables import Rows


def vine(task: Task) -> Fitted:
    """All its families of pair copulas, tll among them, by AIC; nothing is left to choose."""
    controls = pv.FitControlsVinecop(num_threads=task.threads)
    model = pv.Vinedist.from_data(np.asfortranarray(task.split.both), controls=controls)

    def log_prob(x: Rows) -> Rows:
        return np.asarray(model.logpdf(np.asfortranarray(x)), np.float64)

    return Fitted(log_prob, {"rows": "90 %", "selection": "AIC"})
