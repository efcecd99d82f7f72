"""What the page and the figure show, from the records: means over splits, and who is best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.density.plan import METHODS, PEERS
from benchmarks.density.records import good

Results = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One method on one table.

    Attributes:
        method: its name.
        nats, seconds: by seed, of the runs that ended with a density for every row.
        remarks: what went wrong in the others.
    """

    method: str
    nats: dict[int, float]
    seconds: dict[int, float]
    remarks: list[str]

    @property
    def mean(self) -> float:
        """Of the nats; −∞ where there are none."""
        return float(np.mean(list(self.nats.values()))) if self.nats else float("-inf")


def lines(found: Results, table: str) -> list[Line]:
    """Every method that was run on a table, in the order of the plan."""
    runs = sorted((r for r in found["runs"] if r["table"] == table), key=lambda r: r["seed"])
    made = []
    for method in METHODS:
        own = [r for r in runs if r["method"] == method]
        fine = [r for r in own if good(r)]
        if own:
            made.append(
                Line(
                    method,
                    {r["seed"]: r["nats"] for r in fine},
                    {r["seed"]: r["seconds"] for r in fine},
                    [remark(r) for r in own if not good(r)],
                )
            )
    return made


def remark(run: Results) -> str:
    """Why a run has no mean."""
    if "error" in run:
        return f"seed {run['seed']} failed: {run['error']}"
    return f"seed {run['seed']}: density zero at {run['outside']} test rows"


def best(made: list[Line], names: tuple[str, ...] = PEERS) -> Line | None:
    """The highest mean among methods of those names, over as many splits as any of them has."""
    own = [line for line in made if line.method in names and line.nats]
    most = max((len(line.nats) for line in own), default=0)
    return max((li for li in own if len(li.nats) == most), key=lambda li: li.mean, default=None)


def gap(found: Results, table: str, ours: str, peer: str) -> tuple[float, float, int] | None:
    """Mean of the paired differences over splits, its standard error, and how many splits.

    The error is that of the test rows, the splits taken as independent: it says how well these
    fits are told apart, not how fits vary.
    """
    own = [
        p for p in found["paired"] if (p["table"], p["method"], p["against"]) == (table, ours, peer)
    ]
    if not own:
        return None
    errors = np.array([p["error"] for p in own])
    mean = float(np.mean([p["nats"] for p in own]))
    return mean, float(np.sqrt((errors**2).sum())) / len(own), len(own)
