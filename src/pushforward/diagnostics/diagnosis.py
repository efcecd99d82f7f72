"""What `diagnose` found: plain numbers, and how they print."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from pushforward.diagnostics.coverage import Calibration, Coverage
from pushforward.diagnostics.distances import ColumnDistance, PairDistance
from pushforward.diagnostics.evidence import Evidence, said
from pushforward.diagnostics.latents import Latents
from pushforward.diagnostics.levels import LevelShare
from pushforward.diagnostics.likelihood import Likelihood
from pushforward.diagnostics.memorisation import Memorisation
from pushforward.diagnostics.regions import Region
from pushforward.diagnostics.rows import UnlikelyRow
from pushforward.diagnostics.tails import Tail
from pushforward.diagnostics.twosample import TwoSample
from pushforward.diagnostics.verdict import Answer, Fault


@dataclass(frozen=True)
class Diagnosis:
    """How good a flow is, in plain numbers; no value of any row is kept.

    Attributes:
        faults: what is wrong by name, the most telling first; empty for a flow that passed.
        answers: can you trust densities, samples, tails?
        next: what to do, in sentences.
        evidence: every test with its null, p-value, rows used and adjusted p-value.
        likelihood: held-out NLL beside baselines, nats per row.
        memorisation: training rows against held-out ones; None without training rows.
        latents: PITs of the latents, with bands.
        coverage: rows within regions of highest density.
        calibration: ranks among draws for each context; None without a context.
        twosample: the classifier, beside its floor.
        columns: every column's distances.
        pairs: the ten most surprising pairs.
        tails: the five most surprising ends.
        regions: the five most surprising regions.
        least_likely: ten rows by number, with columns to blame.
        inverse: the largest error of decode(encode(x)), in deviations of its column.
        rows: held-out rows given; the tests say how many they used.
        seed: of every choice and draw.
        notes: what was left out, in sentences.
        levels: the five most surprising categories.
    """

    faults: tuple[Fault, ...]
    answers: tuple[Answer, ...]
    next: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    likelihood: Likelihood
    memorisation: Memorisation | None
    latents: Latents
    coverage: Coverage
    calibration: Calibration | None
    twosample: TwoSample
    columns: tuple[ColumnDistance, ...]
    pairs: tuple[PairDistance, ...]
    tails: tuple[Tail, ...]
    regions: tuple[Region, ...]
    least_likely: tuple[UnlikelyRow, ...]
    inverse: float | None
    rows: int
    seed: int
    notes: tuple[str, ...]
    levels: tuple[LevelShare, ...] = ()

    @property
    def passed(self) -> bool:
        """Was no fault found?"""
        return not self.faults

    def named(self, fault: str) -> bool:
        """Is this fault, by its name, among those found?"""
        return any(f.name == fault for f in self.faults)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; a number that is not finite becomes text."""
        return {"passed": self.passed} | _plain(asdict(self))

    def to_json(self, indent: int | None = 2) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=indent)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _plain(value: Any) -> Any:
    """As JSON allows it."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _lines(found: Diagnosis) -> list[str]:
    score = found.likelihood
    wide = max(18, *(len(s.name) + 1 for s in score.baselines))
    lines = [
        f"Held-out NLL on {score.rows:,} rows, nats per row (smaller is better; may be negative):",
        *(
            f"  {s.name:<{wide}}{s.nll:10.4f} ± {s.error:.4f}"
            for s in (score.flow, *score.baselines)
        ),
    ]
    if found.memorisation is not None:
        m = found.memorisation
        lines.append(f"  {'on training rows':<{wide}}{m.train_nll:10.4f} ± {m.train_error:.4f}")
    two = found.twosample
    lines += [
        "",
        f"A classifier tells samples from rows with AUC {two.auc:.3f} (0.5 is perfect; real from "
        f"real rows: {two.floor:.3f}).",
        "",
        "question         effect     p, adjusted  of what",
    ]
    lines += [
        f"{e.name:<15}{e.value:8.3f}  {e.adjusted:14.2g}  {e.measure}" for e in found.evidence
    ]
    if found.least_likely:
        lines += ["", "Least likely rows (number from 0, log density in nats, columns to blame):"]
        lines += [
            f"  {r.row:>8}{r.log_prob:12.2f}  "
            + ", ".join(f"{said(b.column)} ({b.nats:+.1f})" for b in r.columns)
            for r in found.least_likely
        ]
    lines += ["", *found.notes] if found.notes else []
    lines += ["", *(f"{f.name[0].upper()}{f.name[1:]}: {f.sentence}" for f in found.faults)]
    lines += [a.sentence for a in found.answers]
    return [*lines, *(f"Next: {step}" for step in found.next)]
