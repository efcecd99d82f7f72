"""docs/density.json: a record for every run, and the paired differences between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import records
from benchmarks.density.plan import FLOWS, PEERS, PRODUCT, Job
from benchmarks.density.tables import Rows
from benchmarks.process import ROOT
from benchmarks.records import Record, job_of

PATH = ROOT / "docs" / "density.json"


class Records(records.Records):
    """The runs recorded in one file, whose folder holds the log densities of their test rows."""

    def __init__(self, path: Path = PATH) -> None:
        super().__init__(path)

    def read(self) -> dict[str, Any]:
        """Everything that is recorded."""
        return {"paired": [], **super().read()}

    def rows(self, job: Job) -> Path:
        """Where a run's log densities lie."""
        place = self.place(job)
        return place.with_name(place.name + ".npy")

    def added(self, found: dict[str, Any], job: Job) -> None:
        """The differences of the split that the run is of."""
        others = [p for p in found["paired"] if (p["table"], p["seed"]) != job[:2]]
        found["paired"] = others + list(self._paired(found, job.table, job.seed))

    def _paired(self, found: dict[str, Any], table: str, seed: int) -> Iterator[Record]:
        """Each row of the product against each peer, one split."""
        kept = {
            (p["method"], p["against"]): p
            for p in found["paired"]
            if job_of(p)[:2] == (table, seed)
        }
        done = [r["method"] for r in found["runs"] if job_of(r)[:2] == (table, seed) and good(r)]
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
        runs = [r for r in self.read()["runs"] if job_of(r)[:2] == (table, seed)]
        flows = [r for r in runs if r["method"] in FLOWS]
        if len(flows) < len(FLOWS) or not any(good(r) for r in flows):
            return None
        best = max((r for r in flows if good(r)), key=lambda r: r["nats"])
        return float(best["seconds"])


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
