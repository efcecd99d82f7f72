"""What the page and the figure show, from the records: one line for a method on a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.mixed.plan import METHODS

Results = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One method on one table.

    Attributes:
        method: its name.
        runs: the records of those that ended, by seed.
        remarks: what is to be said of them, and what went wrong in the others.
    """

    method: str
    runs: list[Results]
    remarks: list[str]

    def values(self, key: str) -> list[float]:
        """A measure over seeds; empty unless every run has it."""
        found = [run.get(key) for run in self.runs]
        return [] if None in found else [float(value) for value in found if value is not None]

    @property
    def impossible(self) -> bool:
        """Whether it gives the probability 0 to any test row."""
        return any(run.get("outside") for run in self.runs)

    def mean(self, key: str) -> float | None:
        """Its mean, None where there is none."""
        values = self.values(key)
        return sum(values) / len(values) if values else None


def lines(found: Results, table: str) -> list[Line]:
    """Every method that was run on a table, in the order of the plan."""
    runs = sorted((r for r in found["runs"] if r["table"] == table), key=lambda r: r["seed"])
    made = []
    for method in METHODS:
        own = [r for r in runs if r["method"] == method]
        if own:
            fine = [r for r in own if "error" not in r]
            made.append(Line(method, fine, [text for r in own for text in remarks(r)]))
    return made


def remarks(run: Results) -> list[str]:
    """Why a run has no measures, or what is to be known about them."""
    if "error" in run:
        return [f"seed {run['seed']} failed: {run['error']}"]
    said = [run["note"]] if "note" in run else []
    if "density_error" in run:
        said.append(f"seed {run['seed']}: no density, {run['density_error']}")
    if run.get("outside"):
        rows = "test row has" if run["outside"] == 1 else "test rows have"
        said.append(f"seed {run['seed']}: {run['outside']:,} {rows} the probability 0")
    return said
