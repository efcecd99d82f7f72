"""What `check` found: rows of a table, and one sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from pushforward.transforms import Kind

FALSE_ALARM = 1e-4  # of each test of samples: how often it fails a flow that is right


@dataclass(frozen=True)
class Finding:
    """One property of one flow.

    Attributes:
        name: the property, in words.
        value: its measure: the largest over the rows looked at, 0 if perfect.
        bar: the most that passes; infinite for a figure, which is told and not judged.
        passed: None where the measure cannot decide.
        kind: "exact" up to rounding, "numerical" to a tolerance, or an "estimate" from draws.
        unit: of value and bar.
        note: what else a reader should know.
    """

    name: str
    value: float
    bar: float
    passed: bool | None
    kind: Kind
    unit: str = ""
    note: str = ""

    @property
    def result(self) -> str:
        """ "passed", "FAILED", "inconclusive" or "figure"."""
        if not self.judged:
            return "figure"
        return {True: "passed", False: "FAILED", None: "inconclusive"}[self.passed]

    @property
    def judged(self) -> bool:
        """Is it a property that may fail, not a figure?"""
        return self.bar != math.inf

    @classmethod
    def within(
        cls, name: str, value: float, bar: float, kind: Kind, unit: str = "", note: str = ""
    ) -> Finding:
        """Passed where value <= bar; a NaN fails."""
        return cls(name, value, bar, value <= bar, kind, unit, note)

    @classmethod
    def figure(cls, name: str, value: float, kind: Kind, unit: str = "", note: str = "") -> Finding:
        """A number that a reader should know, and that no flow must keep below a bar."""
        return cls(name, value, math.inf, True, kind, unit, note)

    @classmethod
    def of_samples(cls, name: str, pvalue: float, draws: int) -> Finding:
        """Passed where a test of so many samples is no surprise, by -log10 of its p-value.

        A NaN fails.
        """
        surprise = -math.log10(pvalue) if pvalue > 0 else math.inf
        surprise = abs(surprise) if pvalue == pvalue else math.nan
        note = f"{draws:,} samples; false alarm {FALSE_ALARM:.0e}"
        return cls.within(name, surprise, -math.log10(FALSE_ALARM), "estimate", "-log10 p", note)


@dataclass(frozen=True)
class CheckReport:
    """The findings about one flow, and what was looked at.

    Attributes:
        rows: one finding per property.
        kind: the flow's own kind, the weakest of its layers'.
        dtype: in which it computes.
        points: how many rows of data (or samples) the properties were measured at.
        seed: of every draw.
    """

    rows: tuple[Finding, ...]
    kind: Kind
    dtype: str
    points: int
    seed: int

    @property
    def passed(self) -> bool:
        """Did no property fail? (An inconclusive one does not count as failed.)"""
        return not self._named(False)

    @property
    def verdict(self) -> str:
        """One sentence."""
        failed, open_ = self._named(False), self._named(None)
        if failed:
            return f"This flow is faulty: {_listed(failed)} failed."
        if open_:
            return f"No fault was found, but this could not be decided: {_listed(open_)}."
        held = sum(row.judged for row in self.rows)
        return f"This flow is right: each of its {held} properties holds."

    def with_finding(self, row: Finding) -> CheckReport:
        """The same and one finding more."""
        return replace(self, rows=(*self.rows, row))

    def _named(self, passed: bool | None) -> list[str]:
        return [row.name for row in self.rows if row.passed is passed]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; a number that is not finite becomes text."""
        rows = [
            {k: _json(v) for k, v in asdict(row).items()} | {"result": row.result}
            for row in self.rows
        ]
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "kind": self.kind,
            "dtype": self.dtype,
            "points": self.points,
            "seed": self.seed,
            "rows": rows,
        }

    def __str__(self) -> str:
        head = ("property", "value", "bar", "unit", "result", "kind", "")
        lines = [head, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        table = (
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([*table, "", self.verdict])


def _cells(row: Finding) -> tuple[str, ...]:
    value, bar = f"{row.value:.2g}", f"{row.bar:.2g}" if row.judged else ""
    return row.name, value, bar, row.unit, row.result, row.kind, row.note


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
