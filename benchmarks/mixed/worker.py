"""One run, in a process of its own: fit, draw tables as long as the given one, weigh test rows.

Usage: python -m benchmarks.mixed.worker TABLE SEED METHOD THREADS BUDGET PLACE

PLACE is a path without suffix: PLACE.parquet gets the synthetic tables, one below the other,
PLACE.npy the log probabilities of the test rows, and PLACE.json, last, the outcome. BUDGET is in
seconds, or "none".
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, results
from benchmarks.mixed.methods import Fitted, Task, find
from benchmarks.mixed.plan import DRAWS, LIBRARIES
from benchmarks.mixed.tables import Split, like, split


class Watch:
    """Seconds since its making until `stop`: by the clock, and those of the processor."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Note both; what others did on the machine meanwhile is in the first alone."""
        self.wall = time.perf_counter() - self._started[0]
        self.processor = time.process_time() - self._started[1]


def main(table: str, seed: str, name: str, threads: str, budget: str, place: str) -> None:
    """Run and report."""
    described = machine.describe(int(threads), LIBRARIES)
    rows = split(table, int(seed))
    task = Task(rows.train, int(seed), None if budget == "none" else float(budget))
    method = find(name)  # imports: not counted
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(threads))
    fit = Watch()
    fitted = method(task)
    fit.stop()
    sampling = Watch()
    drawn = fitted.sample(DRAWS * len(rows.train))
    sampling.stop()
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    like(drawn, rows.train).to_parquet(path.with_name(path.name + ".parquet"))
    outcome = {
        "seconds": fit.wall,
        "processor_seconds": fit.processor,
        "sampling_seconds": sampling.wall / DRAWS,
        "sampling_processor_seconds": sampling.processor / DRAWS,
        "rows": len(drawn),
        **weighed(fitted, rows, path.with_name(path.name + ".npy")),
        "settings": fitted.settings,
        "machine": described,
    }
    results.store(outcome, path.with_name(path.name + ".json"), digits=8)


def weighed(fitted: Fitted, rows: Split, path: Path) -> dict[str, Any]:
    """Mean and median log probability of the test rows, nats; a failure is told, not raised."""
    if fitted.log_mass is None:
        return {"nats": None}
    watch = Watch()
    try:
        mass = np.asarray(fitted.log_mass(rows.test), np.float64)
        if mass.shape != (len(rows.test),) or np.isnan(mass).any():
            raise ValueError(f"shape {mass.shape}, {np.isnan(mass).sum()} NaN")
    except Exception as error:  # the synthetic rows are there all the same
        return {"nats": None, "density_error": f"{type(error).__name__}: {error}"[:300]}
    watch.stop()
    with path.open("wb") as handle:
        np.save(handle, mass)
    outside = int(np.isneginf(mass).sum())
    return {
        "nats": None if outside else float(mass.mean()),
        "median_nats": None if outside * 2 > len(mass) else float(np.median(mass)),
        "outside": outside,  # rows said to be impossible
        "judging_seconds": watch.wall,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
