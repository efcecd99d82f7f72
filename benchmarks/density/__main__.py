"""Measure what is missing, then write the page and its figure.

Usage: python -m benchmarks.density [--threads N] [--methods A,B] [--tables A,B] [--seeds 0,1]
    [--results PATH] [--page]

A run that is recorded is not repeated, unless it failed: to measure anew, give another PATH.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks import machine
from benchmarks.density import page, runner
from benchmarks.density.plan import DEFAULT_BUDGET, FULL, METHODS, SAME, SEEDS, Job, jobs
from benchmarks.density.records import PATH, Records
from benchmarks.density.tables import TABLES
from benchmarks.words import names, say

LIBRARIES = ("torch", "zuko", "flowjax", "jax", "equinox", "optax", "scikit-learn", "pyvinecopulib")


def measure(job: Job, records: Records, threads: int) -> None:
    """One run, recorded."""
    budget = {FULL: DEFAULT_BUDGET, SAME: records.budget(job.table, job.seed)}.get(job.method)
    title = f"{job.table}, seed {job.seed}: {job.method}"
    if job.method == SAME and budget is None:
        say(f"{title} waits for the other flows, whose time it is given.")
        return
    described = machine.describe(threads, LIBRARIES)
    moment = {name: described.pop(name) for name in ("date", "commit", "load_before")}
    outcome = runner.run(job, records, threads, budget)
    records.add(job, {**outcome, **moment}, described)
    if "error" in outcome:
        say(f"{title}: failed, {outcome['error']}")
    elif outcome["nats"] is None:
        say(f"{title}: {outcome['outside']} rows have no density, {outcome['seconds']:.1f} s")
    else:
        say(f"{title}: {outcome['nats']:.3f} nats, {outcome['seconds']:.1f} s")


def main() -> None:
    """Read the arguments, run, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.density", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--methods", default=",".join(METHODS), help=", ".join(METHODS))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--results", type=Path, default=PATH, help="the JSON to go on with")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    methods = names(given.methods, METHODS, "method")
    tables = names(given.tables, tuple(TABLES), "table")
    seeds = [int(seed) for seed in given.seeds.split(",")]
    records = Records(given.results.absolute())
    started = time.monotonic()
    for job in [] if given.page else jobs(tables, seeds, methods):
        if not records.has(job):
            measure(job, records, given.threads)
    page.write(records)
    say(f"Wrote {page.path(records)} after {(time.monotonic() - started) / 60:.1f} min.")


if __name__ == "__main__":
    main()
