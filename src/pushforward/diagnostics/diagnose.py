"""Is a flow good? Every question, one answer: `diagnose`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics import (
    coverage,
    distances,
    latents,
    likelihood,
    material,
    memorisation,
    regions,
    rows,
    tails,
    twosample,
    verdict,
)
from pushforward.diagnostics.evidence import Evidence, holm

WORST_PAIRS, WORST_REGIONS, WORST_TAILS = 10, 5, 5


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
    """

    faults: tuple[verdict.Fault, ...]
    answers: tuple[verdict.Answer, ...]
    next: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    likelihood: likelihood.Likelihood
    memorisation: memorisation.Memorisation | None
    latents: latents.Latents
    coverage: coverage.Coverage
    calibration: coverage.Calibration | None
    twosample: twosample.TwoSample
    columns: tuple[distances.ColumnDistance, ...]
    pairs: tuple[distances.PairDistance, ...]
    tails: tuple[tails.Tail, ...]
    regions: tuple[regions.Region, ...]
    least_likely: tuple[rows.UnlikelyRow, ...]
    inverse: float | None
    rows: int
    seed: int
    notes: tuple[str, ...]

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
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def diagnose(
    flow: Any,
    data: Any,
    *,
    train: Any = None,
    context: Any = None,
    train_context: Any = None,
    columns: Sequence[str] | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Judge a fitted flow on rows that it has not seen: can you trust densities, samples, tails?

    Ten or so statistical questions, each with a null that a perfect flow fulfils, corrected
    together (Holm, 1% for all): a perfect flow is accused of anything at most once in a hundred
    times. A difference is named a fault where it is both sure and large; the names are
    "memorised", "overfit", "mode dropped", "underfit", "tail thinned", "tail too heavy",
    "correlation broken", "rows without density", "samples not finite", "inverse inaccurate". A
    flow that passes has not been proved right: what so few rows cannot show was not seen.

    Whether the flow's mathematics is right is another question: `check` asks it.

    Args:
        flow: whatever has `log_prob`, `sample` and `encode` as a `Flow` has them; a module is
            copied, and left as it is.
        data: held-out rows (n, *event), at least 100, in the flow's units.
        train: the training rows (m, *event), for overfitting and memorisation.
        context, train_context: (n, c) and (m, c), for a flow that takes one.
        columns: names for the d numbers of a row; x1, x2, … where None.
        seed: of every choice of rows and every draw.

    Returns:
        A `Diagnosis`: prints as a short text that ends in three sentences and what to do next.

    Raises:
        DataError: fewer than 100 rows, a number that is not finite, or hardly a finite sample.
        ShapeError: rows or contexts that do not fit the flow or each other.
        ConfigurationError: an object without the three methods, more than 256 columns, or names
            that do not fit.

    Example:
        >>> from pushforward import Flow
        >>> from pushforward.distributions import Normal
        >>> flow, rows = Flow(Normal(2)), torch.randn(2, 1000, 2)
        >>> found = diagnose(flow, rows[0], train=rows[1])
        >>> found.passed, [answer.answer for answer in found.answers]
        (True, ['yes', 'yes', 'yes'])
        >>> wrong = Flow(Normal(2, scale=3.0))
        >>> diagnose(wrong, rows[0]).named("underfit")
        True
    """
    judged = material.Judged(flow)
    devices = [judged.like.device] if judged.like.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        return _diagnose(judged, data, train, context, train_context, columns, seed)


def _diagnose(
    judged: material.Judged,
    data: Any,
    train: Any,
    context: Any,
    train_context: Any,
    columns: Sequence[str] | None,
    seed: int,
) -> Diagnosis:
    given, x, c = material.gather(judged, data, train, context, train_context, columns, seed)
    real, sampled = given.real, given.sampled
    unit_real, unit_sampled = (given.unit(side)[:, : given.width] for side in (real, sampled))

    scored, beaten, reference, _ = likelihood.judge_likelihood(given, seed)
    latent, uniform = _latents(judged, given)
    covered, ordered = coverage.judge_densities(given)
    told_apart, classifier = twosample.judge_samples(given, seed)
    by_column, column = distances.judge_columns(given.names, unit_real, unit_sampled)
    by_pair, pair = distances.judge_pairs(given.names, unit_real, unit_sampled)
    ends, outer = tails.judge_tails(
        given.names, unit_real, unit_sampled, real.log_prob, sampled.log_prob
    )
    partition, region = regions.judge_regions(given, seed)
    joint = distances.judge_joint(given, seed)
    memory = memorisation.judge_memory(given, partition)
    calibrated = None if c is None else coverage.judge_calibration(judged, given, x, c, seed)

    asked = [beaten, uniform, ordered, classifier, column, pair, outer, region, joint]
    asked += [*(memory[1] if memory else ()), calibrated[1] if calibrated else None]
    evidence = holm([e for e in asked if e is not None])
    by_name = {e.name: e for e in evidence}

    dropped = verdict.dropped_regions(partition, by_name["regions"], reference, real.joint)
    kept = ~np.isin(partition.real, [r.number for r in dropped])
    met = ~np.isin(partition.sampled, [r.number for r in dropped])
    rest = (given.names, unit_real[kept], unit_sampled[met])
    inverse = _inverse(judged, given, x, c)
    case = verdict.Case(
        by_name,
        memory[0] if memory else None,
        dropped,
        distances.judge_columns(*rest)[0] if dropped else by_column,
        distances.judge_pairs(*rest)[0] if dropped else by_pair,
        tails.judge_tails(*rest, real.log_prob[kept], sampled.log_prob[met])[0]
        if dropped
        else ends,
        int(np.isneginf(given.all_log_prob).sum()),
        given.lost,
        inverse,
        len(given.all_log_prob),
    )
    found = verdict.faults(case)
    told = verdict.answers(case, found)
    return Diagnosis(
        found,
        told,
        verdict.next_steps(found, told),
        evidence,
        scored,
        memory[0] if memory else None,
        latent,
        covered,
        calibrated[0] if calibrated else None,
        told_apart,
        by_column,
        by_pair[:WORST_PAIRS],
        ends[:WORST_TAILS],
        partition.regions[:WORST_REGIONS],
        rows.least_likely(judged, given, x, c),
        inverse,
        len(given.all_log_prob),
        seed,
        given.notes,
    )


def _latents(
    judged: material.Judged, given: material.Material
) -> tuple[latents.Latents, Evidence]:
    base = getattr(judged.flow, "base", None)
    real, sampled = given.real, given.sampled
    z, other = (judged.encode(*_tensors(judged, side)) for side in (real, sampled))
    # Where the base is not normal: how far out a row is by the flow's own density.
    return latents.judge_latents(base, z, other, -real.log_prob, -sampled.log_prob)


def _tensors(judged: material.Judged, side: material.Side) -> tuple[Tensor, Tensor | None]:
    event = getattr(judged.flow, "event_shape", side.x.shape[1:])
    x = torch.as_tensor(side.x).to(judged.like).reshape(-1, *event)
    return x, None if side.context is None else torch.as_tensor(side.context).to(judged.like)


@torch.no_grad()
def _inverse(
    judged: material.Judged, given: material.Material, x: Tensor, context: Tensor | None
) -> float | None:
    """max|decode(encode(x)) - x| over the real rows, in deviations of the column."""
    if not hasattr(judged.flow, "decode"):
        return None
    rows, c = x[given.chosen], None if context is None else context[given.chosen]
    z = judged.flow.encode(rows) if c is None else judged.flow.encode(rows, c)
    back = judged.flow.decode(z) if c is None else judged.flow.decode(z, c)
    error = np.abs(material.numbers(back) - material.numbers(rows)) / given.scale[: given.width]
    scored = np.isfinite(given.real.log_prob)  # outside the support there is nothing to come back
    return float(error[scored].max()) if scored.any() else None


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
    lines = [
        f"Held-out NLL on {score.rows:,} rows, nats per row (smaller is better; may be negative):",
        *(f"  {s.name:<18}{s.nll:10.4f} ± {s.error:.4f}" for s in (score.flow, *score.baselines)),
    ]
    if found.memorisation is not None:
        m = found.memorisation
        lines.append(f"  {'on training rows':<18}{m.train_nll:10.4f} ± {m.train_error:.4f}")
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
            + ", ".join(f"{b.column} ({b.nats:+.1f})" for b in r.columns)
            for r in found.least_likely
        ]
    lines += ["", *found.notes] if found.notes else []
    lines += ["", *(f"{f.name[0].upper()}{f.name[1:]}: {f.sentence}" for f in found.faults)]
    lines += [a.sentence for a in found.answers]
    return [*lines, *(f"Next: {step}" for step in found.next)]
