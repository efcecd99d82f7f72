"""Measure what is missing, then write the page and its figure.

Usage: python -m benchmarks.density [--threads N] [--methods A,B] [--tables A,B] [--seeds 0,1]
    [--results PATH] [--page]

A run that is recorded is not repeated, unless it failed: to measure anew, give another PATH.
"""

from __future__ import annotations

import time

from benchmarks import driver, machine
from benchmarks.density import page, runner
from benchmarks.density.plan import DEFAULT_BUDGET, FULL, METHODS, SAME, SEEDS, Job, jobs
from benchmarks.density.records import PATH, Records
from benchmarks.density.tables import TABLES
from benchmarks.words import say

LIBRARIES = ("torch", "zuko", "flowjax", "jax", "equinox", "optax", "scikit-learn", "pyvinecopulib")


def measure(job: Job, records: Records, threads: int) -> None:
    """One run, recorded."""
    budget = {FULL: DEFAULT_BUDGET, SAME: records.budget(job.table, job.seed)}.get(job.method)
    title = driver.title(job)
    if job.method == SAME and budget is None:
        say(f"{title} waits for the other flows, whose time it is given.")
        return
    described = machine.describe(threads, LIBRARIES)
    moment = {name: described.pop(name) for name in driver.MOMENT}
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
    parser = driver.arguments("density", __doc__, 2, METHODS, TABLES, SEEDS, PATH)
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    wanted = driver.asked(given, METHODS, TABLES, jobs)
    records = Records(given.results.absolute())
    started = time.monotonic()
    for job in wanted:
        if not records.has(job):
            measure(job, records, given.threads)
    page.write(records)
    say(f"Wrote {page.path(records)} after {(time.monotonic() - started) / 60:.1f} min.")


if __name__ == "__main__":
    main()
