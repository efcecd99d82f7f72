"""Measure what is missing, then write the page and its figure.

Usage: python -m benchmarks.mixed [--threads N] [--methods A,B] [--tables A,B] [--seeds 0,1]
    [--results PATH] [--judge] [--page]

A run that is recorded is not repeated, unless it failed: to measure anew, give another PATH. The
synthetic rows of every run lie beside PATH, in a folder of the same name that ends in .rows; with
--judge they are judged anew, and nothing is fitted.
"""

from __future__ import annotations

import time

from benchmarks import driver
from benchmarks.mixed import page, runner
from benchmarks.mixed.plan import DEFAULT_BUDGET, METHODS, PRODUCT, SEEDS, SIZES, jobs
from benchmarks.process import ROOT
from benchmarks.records import Job, Records
from benchmarks.words import say

PATH = ROOT / "docs" / "mixed.json"


def measure(job: Job, records: Records, threads: int) -> None:
    """One run, recorded."""
    budget = DEFAULT_BUDGET if job.method == PRODUCT else None
    outcome = runner.run(job, records, threads, budget)
    described = outcome.pop("machine", None) or runner.described(threads)
    outcome |= {name: described.pop(name) for name in driver.MOMENT}
    records.add(job, outcome, described)
    title = driver.title(job)
    if "error" in outcome:
        say(f"{title}: failed, {outcome['error']}")
    else:
        say(f"{title}: quality {outcome['quality']:.3f}, {outcome['seconds']:.1f} s")


def main() -> None:
    """Read the arguments, run, and write."""
    parser = driver.arguments("mixed", __doc__, 1, METHODS, SIZES, SEEDS, PATH)
    parser.add_argument("--judge", action="store_true", help="only judge the rows that are there")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    wanted = driver.asked(given, METHODS, SIZES, jobs)
    records = Records(given.results.absolute())
    started = time.monotonic()
    for job in wanted:
        there = runner.file(job, records, ".json").exists()
        if there if given.judge else not records.has(job):
            measure(job, records, given.threads)
    page.write(records)
    say(f"Wrote {page.path(records)} after {(time.monotonic() - started) / 60:.1f} min.")


if __name__ == "__main__":
    main()
