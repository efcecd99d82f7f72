"""A JSON with a record for every run, to which several processes may add at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import results

DIGITS = 8  # of every number stored

Record = dict[str, Any]


class Job(NamedTuple):
    """One run: a method on one split of a table."""

    table: str
    seed: int
    method: str


class Records:
    """The runs recorded in one file.

    Args:
        path: the JSON; what its runs leave behind lies beside it, in a folder of the same name
            that ends in .rows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.with_suffix(".rows")

    def read(self) -> dict[str, Any]:
        """Everything that is recorded."""
        found = results.load(self.path) if self.path.exists() else {}
        return {"machines": [], "runs": [], **found}

    def place(self, job: Job) -> Path:
        """Where a run's files lie: a path without suffix."""
        return self.folder / f"{job.table}-{job.seed}-{job.method.replace(' ', '-')}"

    def has(self, job: Job) -> bool:
        """Whether a run is recorded; one that failed is not."""
        return any(job_of(run) == job and "error" not in run for run in self.read()["runs"])

    def add(self, job: Job, outcome: Record, machine: dict[str, Any]) -> None:
        """Record a run, in the stead of an earlier one."""
        with self._alone():
            found = self.read()
            if machine not in found["machines"]:
                found["machines"].append(machine)
            mark = found["machines"].index(machine)
            others = [run for run in found["runs"] if job_of(run) != job]
            found["runs"] = [*others, {**job._asdict(), **outcome, "machine": mark}]
            self.added(found, job)
            results.store(found, self.path, DIGITS)

    def added(self, found: dict[str, Any], job: Job) -> None:
        """Bring what is derived from the runs up to date; here there is nothing."""

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def job_of(record: Record) -> Job:
    """Which run a record is of."""
    return Job(record["table"], record["seed"], record["method"])
