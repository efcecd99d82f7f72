"""One run from fit to measures: what is already there is not made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import machine, results, runner
from benchmarks.driver import worker_arguments
from benchmarks.mixed.plan import CLOCK, LIBRARIES, PATIENCE
from benchmarks.process import Failed
from benchmarks.records import Job, Records


def run(job: Job, records: Records, threads: int, budget: float | None) -> dict[str, Any]:
    """The outcome of a run; where it fails, {"error": its last words}."""
    try:
        fitted = fit(job, records, threads, budget)
        return {**fitted, **judge(job, records, threads), "threads": threads}
    except Failed as failure:
        return {"error": str(failure), "threads": threads}


def fit(job: Job, records: Records, threads: int, budget: float | None) -> dict[str, Any]:
    """Fit, sample and weigh, unless an earlier call has done so: its files lie beside the records.

    Raises:
        Failed: it does not end in time, or not well.
    """
    kept = file(job, records, ".json")
    if not kept.exists():
        records.folder.mkdir(parents=True, exist_ok=True)
        arguments = worker_arguments(job, threads, budget, records.place(job))
        runner.run("benchmarks.mixed.worker", arguments, threads, CLOCK, PATIENCE)
    return results.load(kept)


def judge(job: Job, records: Records, threads: int) -> dict[str, Any]:
    """What the synthetic rows of a run are found to be.

    Raises:
        Failed: they cannot be judged.
    """
    arguments = [job.table, str(job.seed), str(file(job, records, ".parquet").absolute())]
    said = runner.run("benchmarks.mixed.judge", arguments, threads, CLOCK)
    judged: dict[str, Any] = json.loads(said)
    return judged


def described(threads: int) -> dict[str, Any]:
    """The machine of a run that left no description."""
    return machine.describe(threads, LIBRARIES)


def file(job: Job, records: Records, suffix: str) -> Path:
    """A file that a run leaves."""
    place = records.place(job)
    return place.with_name(place.name + suffix)
