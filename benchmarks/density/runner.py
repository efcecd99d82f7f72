"""The controller's end of a run: starts its process, waits, and reads the outcome."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import runner
from benchmarks.density.plan import Job
from benchmarks.density.records import Records
from benchmarks.driver import worker_arguments
from benchmarks.process import Failed

PATIENCE = 6 * 3600.0  # seconds


def run(job: Job, records: Records, threads: int, budget: float | None) -> dict[str, Any]:
    """The outcome of a run; where it fails, {"error": its last words}."""
    arguments = worker_arguments(job, threads, budget, records.rows(job))
    try:
        said = runner.run("benchmarks.density.worker", arguments, threads, PATIENCE)
    except Failed as failure:
        return {"error": str(failure), "threads": threads}
    outcome: dict[str, Any] = json.loads(said)
    return {**outcome, "threads": threads}
