"""docs/density.json: a record for every run, and the paired differences between them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import results
from benchmarks.density.plan import FLOWS, PEERS, PRODUCT, Job
from benchmarks.density.tables import Rows
from benchmarks.process import ROOT

PATH = ROOT / "docs" / "density.json"
DIGITS = 8  # of every number stored

Record = dict[str, Any]


class Records:
    """The runs recorded in one file; several processes may add to it at a time.

    Args:
        path: the JSON; the log densities of its runs lie beside it, in a folder of the same name
            that ends in .rows.
    """

    def __init__(self, path: Path = PATH) -> None:
        self.path = path
        self.folder = path.with_suffix(".rows")

    def read(self) -> dict[str, Any]:
        """Everything that is recorded."""
        found = results.load(self.path) if self.path.exists() else {}
        return {"machines": [], "runs": [], "paired": [], **found}

    def rows(self, job: Job) -> Path:
        """Where a run's log densities lie."""
        return self.folder / f"{job.table}-{job.seed}-{job.method.replace(' ', '-')}.npy"

    def has(self, job: Job) -> bool:
        """Whether a run is recorded; one that failed is not."""
        return any(place(run) == job and "error" not in run for run in self.read()["runs"])

    def add(self, job: Job, outcome: Record, machine: dict[str, Any]) -> None:
        """Record a run, in the stead of an earlier one, and its differences from others."""
        with self._alone():
            found = self.read()
            if machine not in found["machines"]:
                found["machines"].append(machine)
            mark = found["machines"].index(machine)
            others = [run for run in found["runs"] if place(run) != job]
            found["runs"] = [*others, {**job._asdict(), **outcome, "machine": mark}]
            found["paired"] = [
                p for p in found["paired"] if (p["table"], p["seed"]) != job[:2]
            ] + list(self._paired(found, job.table, job.seed))
            results.store(found, self.path, DIGITS)

    def _paired(self, found: dict[str, Any], table: str, seed: int) -> Iterator[Record]:
        """Each row of the product against each peer, one split."""
        kept = {
            (p["method"], p["against"]): p for p in found["paired"] if place(p)[:2] == (table, seed)
        }
        done = [r["method"] for r in found["runs"] if place(r)[:2] == (table, seed) and good(r)]
        for ours in (m for m in PRODUCT if m in done):
            for peer in (m for m in PEERS if m in done):
                a, b = (self.rows(Job(table, seed, m)) for m in (ours, peer))
                if a.exists() and b.exists():
                    mean, error = difference(np.load(a), np.load(b))
                    yield {
                        "table": table,
                        "seed": seed,
                        "method": ours,
                        "against": peer,
                        "nats": mean,
                        "error": error,
                    }
                elif (ours, peer) in kept:
                    yield kept[ours, peer]

    def budget(self, table: str, seed: int) -> float | None:
        """Seconds of the best flow peer of a split; None while one of them is to come."""
        runs = [r for r in self.read()["runs"] if place(r)[:2] == (table, seed)]
        flows = [r for r in runs if r["method"] in FLOWS]
        if len(flows) < len(FLOWS) or not any(good(r) for r in flows):
            return None
        best = max((r for r in flows if good(r)), key=lambda r: r["nats"])
        return float(best["seconds"])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def place(record: Record) -> Job:
    """Which run a record is of."""
    return Job(record["table"], record["seed"], record["method"])


def good(record: Record) -> bool:
    """Whether it ended with a density for every row."""
    return record.get("nats") is not None


def difference(ours: Rows, theirs: Rows) -> tuple[float, float]:
    """Mean of the rows' differences, nats, and its standard error.

    Example:
        >>> import numpy as np
        >>> mean, error = difference(np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 1.0]))
        >>> f"{mean:.3f} ± {error:.3f}"
        '1.667 ± 0.667'
    """
    gained = ours - theirs
    return float(gained.mean()), float(gained.std(ddof=1) / np.sqrt(len(gained)))
