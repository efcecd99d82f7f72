"""Measure what is missing, then write the page and its figure.

Usage: python -m benchmarks.mixed [--threads N] [--methods A,B] [--tables A,B] [--seeds 0,1]
    [--results PATH] [--judge] [--page]

A run that is recorded is not repeated, unless it failed: to measure anew, give another PATH. The
synthetic rows of every run lie beside PATH, in a folder of the same name that ends in .rows; with
--judge they are judged anew, and nothing is fitted.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.mixed import page, runner
from benchmarks.mixed.plan import DEFAULT_BUDGET, METHODS, PRODUCT, SEEDS, SIZES, jobs
from benchmarks.process import ROOT
from benchmarks.records import Job, Records
from benchmarks.words import names, say

PATH = ROOT / "docs" / "mixed.json"
MOMENT = ("date", "commit", "load_before")  # of a run, not of the machine


def measure(job: Job, records: Records, threads: int) -> None:
    """One run, recorded."""
    budget = DEFAULT_BUDGET if job.method == PRODUCT else None
    outcome = runner.run(job, records, threads, budget)
    described = outcome.pop("machine", None) or runner.described(threads)
    outcome |= {name: described.pop(name) for name in MOMENT}
    records.add(job, outcome, described)
    title = f"{job.table}, seed {job.seed}: {job.method}"
    if "error" in outcome:
        say(f"{title}: failed, {outcome['error']}")
    else:
        say(f"{title}: quality {outcome['quality']:.3f}, {outcome['seconds']:.1f} s")


def main() -> None:
    """Read the arguments, run, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--methods", default=",".join(METHODS), help=", ".join(METHODS))
    parser.add_argument("--tables", default=",".join(SIZES))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--results", type=Path, default=PATH, help="the JSON to go on with")
    parser.add_argument("--judge", action="store_true", help="only judge the rows that are there")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    methods = names(given.methods, METHODS, "method")
    tables = names(given.tables, tuple(SIZES), "table")
    seeds = [int(seed) for seed in given.seeds.split(",")]
    records = Records(given.results.absolute())
    started = time.monotonic()
    for job in [] if given.page else jobs(tables, seeds, methods):
        there = runner.file(job, records, ".json").exists()
        if there if given.judge else not records.has(job):
            measure(job, records, given.threads)
    page.write(records)
    say(f"Wrote {page.path(records)} after {(time.monotonic() - started) / 60:.1f} min.")


if __name__ == "__main__":
    main()
