"""What `benchmarks.density` and `benchmarks.mixed` share: their arguments, and those of a run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.records import Job
from benchmarks.words import names

MOMENT = ("date", "commit", "load_before")  # of a run, not of the machine


def arguments(
    name: str,
    description: str | None,
    threads: int,
    methods: Sequence[str],
    tables: Iterable[str],
    seeds: Sequence[int],
    results: Path,
) -> argparse.ArgumentParser:
    """The command line of a driver, with its defaults."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--threads", type=int, default=threads)
    parser.add_argument("--methods", default=",".join(methods), help=", ".join(methods))
    parser.add_argument("--tables", default=",".join(tables))
    parser.add_argument("--seeds", default=",".join(map(str, seeds)))
    parser.add_argument("--results", type=Path, default=results, help="the JSON to go on with")
    return parser


def asked(
    given: argparse.Namespace,
    methods: Sequence[str],
    tables: Iterable[str],
    jobs: Callable[[Iterable[str], Iterable[int], Iterable[str]], Iterator[Job]],
) -> Iterator[Job]:
    """The runs that were asked for, none where only the page is."""
    chosen = names(given.methods, tuple(methods), "method")
    of = names(given.tables, tuple(tables), "table")
    seeds = [int(seed) for seed in given.seeds.split(",")]
    return iter(()) if given.page else jobs(of, seeds, chosen)


def title(job: Job) -> str:
    """How a line of progress names a run."""
    return f"{job.table}, seed {job.seed}: {job.method}"


def worker_arguments(job: Job, threads: int, budget: float | None, place: Path) -> list[str]:
    """What a run's process is told: the last is where it leaves its rows."""
    limit = str(budget or "none").lower()
    return [job.table, str(job.seed), job.method, str(threads), limit, str(place.absolute())]
