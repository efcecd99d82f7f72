"""One run, in a process of its own: fit, time the fit, and judge.

Usage: python -m benchmarks.density.worker TABLE SEED METHOD THREADS BUDGET ROWS

ROWS is the .npy for the log densities of the test rows; the last line on stdout is the outcome as
JSON. BUDGET is in seconds, or "none".
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.density.methods import Task, find
from benchmarks.density.tables import split


def main(table: str, seed: str, name: str, threads: str, budget: str, rows: str) -> None:
    """Run and report."""
    limit = None if budget == "none" else float(budget)
    task = Task(split(table, int(seed)), int(seed), int(threads), limit)
    method = find(name)  # imports: not counted
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(task.threads)
    started = time.perf_counter()
    fitted = method(task)
    seconds = time.perf_counter() - started
    density = np.asarray(fitted.log_prob(task.split.test), np.float64)
    judging = time.perf_counter() - started - seconds
    if density.shape != (len(task.split.test),):
        raise ValueError(f"{name} gave log densities of shape {density.shape}")
    if np.isnan(density).any():
        raise ValueError(f"{np.isnan(density).sum()} of {len(density)} log densities are NaN")
    path = Path(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".part").open("wb") as handle:
        np.save(handle, density)
    path.with_suffix(".part").replace(path)
    finite = density[np.isfinite(density)]
    outcome = {
        "nats": float(density.mean()) if len(finite) == len(density) else None,
        "outside": len(density) - len(finite),  # rows said to be impossible
        "seconds": seconds,
        "judging_seconds": judging,
        "settings": fitted.settings,
    }
    sys.stdout.write("\n" + json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
