"""From evidence to names: what is wrong, what can be trusted, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pushforward.diagnostics.distances import ColumnDistance, PairDistance
from pushforward.diagnostics.evidence import Evidence, said
from pushforward.diagnostics.levels import LevelShare
from pushforward.diagnostics.likelihood import Reference
from pushforward.diagnostics.memorisation import Memorisation
from pushforward.diagnostics.regions import Partition, Region
from pushforward.diagnostics.tails import Tail

ALPHA = 0.01  # the chance that any of all questions accuses a perfect flow (Holm)

# A difference is named a fault when it is sure (ALPHA) and at least so large.
GAP = 0.1  # nats between training and held-out rows
NEARER = 0.55  # share of samples nearer to a training row than a held-out row is
ABSENT = 0.15  # samples for each row, in a region that is called dropped
LEAST_MODE = 0.005  # share of the rows in such a region
VALLEY = 1.0  # nats that a path from there to the nearest part kept must descend
OUTERMOST = 1.5  # real rows for each sample among the outermost, or the reverse
LONGER = 1.25  # how much longer a column's tails are, for the width of its middle
CORRELATION = 0.1  # difference of rank correlations, ...
BROKEN = 0.5  # ... and this share of the larger one: less is weakened, not broken
COLUMN = 0.08  # KS distance of a column whose bulk is off
SLIGHT = 0.05  # KS distance, or AUC above one half, or nats: below, a difference is slight
FEW = 1000  # held-out rows, below which only gross faults are sure to show

Answered = Literal["yes", "mostly", "no"]


@dataclass(frozen=True)
class Fault:
    """Something wrong.

    Attributes:
        name: of the fault.
        sentence: what shows it.
        spoils: which of densities, samples and tails are not to be trusted for it.
    """

    name: str
    sentence: str
    spoils: tuple[str, ...]

    @classmethod
    def of(cls, name: str, sentence: str, spoils: tuple[str, ...] | None = None) -> Fault:
        """With what such a fault spoils, where it is not known better."""
        usual = tuple(question for question, names in _NO.items() if name in names)
        return cls(name, sentence, usual if spoils is None else spoils)


@dataclass(frozen=True)
class Answer:
    """Can you trust the densities, the samples, the tails? One word, and one sentence."""

    question: str
    answer: Answered
    sentence: str


@dataclass(frozen=True)
class Case:
    """All that the rules look at.

    Attributes:
        evidence: of every question by name, adjusted for all.
        columns, pairs, tails: as measured without the rows of dropped regions and levels.
        dropped: regions whose rows the samples miss.
        unscored: held-out rows without a density.
        inverse: largest error of decode(encode(x)), in deviations; None where unknown.
        levels: categories that the samples miss.
        typed: are these typed columns?
    """

    evidence: dict[str, Evidence]
    memory: Memorisation | None
    dropped: tuple[Region, ...]
    columns: tuple[ColumnDistance, ...]
    pairs: tuple[PairDistance, ...]
    tails: tuple[Tail, ...]
    unscored: int
    lost: int
    inverse: float | None
    rows: int
    levels: tuple[LevelShare, ...] = ()
    typed: bool = False

    def sure(self, name: str) -> bool:
        """Was this question's null refused, all questions considered?"""
        return name in self.evidence and self.evidence[name].adjusted <= ALPHA


def dropped_regions(
    partition: Partition, evidence: Evidence, reference: Reference | None, joint: np.ndarray
) -> tuple[Region, ...]:
    """The regions that are modes of the rows and hardly hold a sample.

    A region is a mode, not the end of a tail, where the density of a mixture fitted to the training
    rows has a peak of its own: on the straight way from its densest row to the densest row of the
    rest it falls by at least a nat below both.

    Args:
        joint: real rows, columns and context, (n, d + c); of typed columns the numbers alone.
    """
    if evidence.adjusted > ALPHA or reference is None:
        return ()
    cells = len(partition.regions)
    missing = [
        region
        for region in partition.regions
        if region.p * cells <= ALPHA
        and region.real >= LEAST_MODE
        and region.sampled <= ABSENT * region.real
    ]
    kept = ~np.isin(partition.real, [region.number for region in missing])
    if not missing or not kept.any():
        return ()
    height = reference.log_joint(joint)
    centre = joint[kept][height[kept].argmax()]
    found = []
    for region in missing:
        own = partition.real == region.number
        peak = joint[own][height[own].argmax()]
        path = peak + np.linspace(0, 1, 65)[:, None] * (centre - peak)
        along = reference.log_joint(path)
        if min(along[0], along[-1]) - along.min() >= VALLEY:
            found.append(region)
    return tuple(found)


def dropped_levels(
    found: tuple[LevelShare, ...], evidence: Evidence | None
) -> tuple[LevelShare, ...]:
    """The categories that rows have and samples hardly, most of the rows first."""
    if evidence is None or evidence.adjusted > ALPHA:
        return ()
    missing = [
        level
        for level in found
        if level.p * len(found) <= ALPHA
        and level.real >= LEAST_MODE
        and level.sampled <= ABSENT * level.real
    ]
    return tuple(sorted(missing, key=lambda level: -level.real))


def faults(case: Case) -> tuple[Fault, ...]:
    """What is wrong, the most telling first. A copier's other faults follow from copying."""
    found = list(_broken(case))
    memory = list(_memory(case))
    if any(fault.name == "memorised" for fault in memory):
        return (*found, *memory)
    # Where the bulk of what was met is off as well, the whole is the first thing to mend; unless
    # tails explain it: a normal fitted to heavy tails is too wide in the middle.
    tails, whole = _tails(case), [*_bulk(case), *_dropped(case), *_levels(case)]
    named = [*tails, *whole] if _by_tails(case) else [*whole, *tails]
    named += _correlation(case)
    explained = {"underfit", "overfit", "mode dropped", "level dropped", "tail thinned"}
    explained |= {"correlation broken"}
    if not explained & {fault.name for fault in (*memory, *named)}:
        named += _rest(case)
    elif not any(fault.name == "underfit" for fault in named):
        named += _uncalibrated(case)
    return (*found, *memory, *named)


def _broken(case: Case) -> list[Fault]:
    found = []
    if case.unscored:
        told = f"{case.unscored:,} of {case.rows:,} held-out rows have no density at all."
        found.append(Fault.of("rows without density", told))
    if case.lost:
        found.append(Fault.of("samples not finite", f"{case.lost:,} samples were not finite."))
    if case.inverse is not None and not case.inverse <= 1e-2:
        told = f"decode(encode(x)) misses x by up to {case.inverse:.2g} deviations."
        found.append(Fault.of("inverse inaccurate", told))
    return found


def _memory(case: Case) -> list[Fault]:
    memory = case.memory
    if memory is None or not case.sure("overfit gap") or not memory.gap >= GAP:
        return []
    gap = f"Training rows score {memory.gap:.2f} nats per row better than held-out ones"
    if case.sure("copies") and memory.nearer >= NEARER:
        told = (
            f"{gap}, and in {memory.nearer:.0%} of comparisons a sample is nearer to a training "
            "row than a held-out row is."
        )
        return [Fault.of("memorised", told)]
    return [Fault.of("overfit", f"{gap}.")]


def _dropped(case: Case) -> list[Fault]:
    if not case.dropped:
        return []
    real = sum(region.real for region in case.dropped)
    sampled = sum(region.sampled for region in case.dropped)
    told = (
        f"{real:.1%} of the rows, but {sampled:.1%} of the samples, lie in a cluster apart: "
        f"{case.dropped[0].place}."
    )
    return [Fault.of("mode dropped", told)]


def _levels(case: Case) -> list[Fault]:
    if not case.levels:
        return []
    worst, more = case.levels[0], len(case.levels) - 1
    told = (
        f"{worst.real:.1%} of the rows, but {worst.sampled:.1%} of the samples, have {worst.place}"
    )
    return [Fault.of("level dropped", told + (f", and {more} more are missing." if more else "."))]


def _bulk(case: Case) -> list[Fault]:
    off = [c for c in case.columns if c.ks >= COLUMN]
    if not off or not case.sure("columns"):
        return []
    worst = max(off, key=lambda c: c.ks)
    many = f"{len(off)} of {len(case.columns)} columns have" if len(off) > 1 else "One column has"
    told = (
        f"{many} another shape among samples, most of all {said(worst.column)} "
        f"({worst.measure} {worst.ks:.2f})."
    )
    return [Fault.of("underfit", told)]


def _tails(case: Case) -> list[Fault]:
    if not case.sure("tails"):
        return []
    sure = [t for t in case.tails if t.p * len(case.tails) <= ALPHA]
    thin = [t for t in sure if t.ratio >= OUTERMOST]
    heavy = [t for t in sure if t.ratio <= 1 / OUTERMOST]
    found = []
    for name, tails in (("tail thinned", thin), ("tail too heavy", heavy)):
        if tails:
            t = tails[0]
            told = (
                f"Of the outermost {t.share:.1%} of rows and samples ({t.where}) {t.real} are real "
                f"and {t.sampled} are samples."
            )
            found.append(Fault.of(name, told))
    return found


def _by_tails(case: Case) -> bool:
    """Are tails sure to be thin, none too heavy, and columns off only as that makes them?"""
    sure = [t for t in case.tails if t.p * len(case.tails) <= ALPHA]
    return (
        not case.dropped
        and not case.levels
        and bool(sure)
        and all(t.ratio >= OUTERMOST for t in sure)
        and all(c.tailed >= LONGER for c in case.columns if c.ks >= COLUMN)
    )


def _correlation(case: Case) -> list[Fault]:
    if not case.sure("pairs"):
        return []
    broken = [
        pair
        for pair in case.pairs
        if abs(pair.difference) >= max(CORRELATION, BROKEN * max(abs(pair.real), abs(pair.sampled)))
        and pair.p * len(case.pairs) <= ALPHA
    ]
    shape = {c.column: c.ks for c in case.columns}
    broken = [pair for pair in broken if max(shape[name] for name in pair.columns) < COLUMN]
    if not broken:
        return []
    worst = max(broken, key=lambda pair: abs(pair.difference))
    kind, (first, second) = "" if case.typed else "rank ", worst.columns
    told = (
        f"The {kind}correlation of {said(first)} and {said(second)} is "
        f"{worst.real:.2f} among rows and {worst.sampled:.2f} among samples"
    )
    more = len(broken) - 1
    return [Fault.of("correlation broken", told + (f", and {more} more pairs." if more else "."))]


def _rest(case: Case) -> list[Fault]:
    """Underfit without a name of its own: sure, and more than slight."""
    sizes = {
        "classifier": lambda v: v - 0.5,
        "columns": lambda v: v,
        "log densities": lambda v: v,
        "latents": lambda v: v,
        "calibration": lambda v: v - SLIGHT,  # of few rows
        "pairs": lambda v: abs(v) - SLIGHT,
        "baseline": lambda v: -v,
        "regions": lambda v: abs(v - 1) - 0.5,
    }
    shown = [
        case.evidence[name]
        for name, size in sizes.items()
        if case.sure(name) and size(case.evidence[name].value) >= SLIGHT
    ]
    if not shown:
        return []
    told = "; ".join(f"{e.name}: {e.measure}, {e.value:.2f}" for e in shown)
    spoils = [q for q, names in _ASKED.items() if any(e.name in names for e in shown)]
    return [Fault.of("underfit", f"Samples and rows differ ({told}).", tuple(spoils))]


def _uncalibrated(case: Case) -> list[Fault]:
    """What a conditional flow says of each context, which columns and tails alone do not show."""
    if not case.sure("calibration") or case.evidence["calibration"].value < 2 * SLIGHT:
        return []
    shown = case.evidence["calibration"]
    return [
        Fault.of(
            "underfit", f"Rows are no draws for their context ({shown.measure}, {shown.value:.2f})."
        )
    ]


# What a fault takes away, unless it is known to take less; and on what it casts a doubt at least.
_NO: dict[str, tuple[str, ...]] = {
    "densities": (
        "rows without density",
        "memorised",
        "overfit",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
    "samples": (
        "samples not finite",
        "memorised",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
    "tails": (
        "rows without density",
        "memorised",
        "overfit",
        "tail thinned",
        "tail too heavy",
        "underfit",
    ),
}
_DOUBT: dict[str, tuple[str, ...]] = {
    "densities": ("inverse inaccurate", "underfit", "tail thinned", "tail too heavy"),
    "samples": ("inverse inaccurate", "overfit", "underfit", "tail thinned", "tail too heavy"),
    "tails": (
        "samples not finite",
        "inverse inaccurate",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
}
_ASKED: dict[str, tuple[str, ...]] = {
    "densities": ("latents", "log densities", "baseline", "overfit gap", "calibration"),
    "samples": ("classifier", "columns", "pairs", "levels", "joint distance", "regions", "copies"),
    "tails": ("tails",),
}
_NEXT = {
    "rows without density": "Look at the least likely rows: they lie outside the flow's support.",
    "samples not finite": "Run check on the flow: its forward direction breaks down.",
    "inverse inaccurate": "Run check on the flow, and try it in float64.",
    "memorised": "Fit a smaller flow, stop earlier or bring more rows; share none of its samples.",
    "overfit": "Stop earlier, fit a smaller flow, or bring more rows.",
    "mode dropped": "Fit longer, with splines (nsf) or a mixture base, until the cluster is met.",
    "level dropped": "Look at the rows of that category, and fit longer; without it no sample is "
    "like those rows.",
    "underfit": "Fit longer, or a richer flow: more layers, more hidden units, splines (nsf).",
    "tail thinned": "Look at the least likely rows for errors in the data; if they are real, fit "
    "with a heavy-tailed base (base='student_t').",
    "tail too heavy": "Where samples go too far out, bound or transform that column, or fit with a "
    "lighter-tailed base.",
    "correlation broken": "Fit with more layers or autoregressively, and with scaler='whiten'.",
}


_NEXT_TYPED = _NEXT | {
    "memorised": "Bring more rows, and fit for a shorter time; share none of its samples.",
    "overfit": "Bring more rows, or leave out columns of very many categories.",
    "mode dropped": "Fit longer, until the cluster is met.",
    "underfit": "Fit longer, and see that the schema says rightly what each column holds.",
    "tail thinned": "Look at the least likely rows for errors in the data; if they are real, fit "
    "longer.",
    "tail too heavy": "Where samples go too far out, write the column's bounds into the schema.",
    "correlation broken": "Fit longer.",
}


def answers(case: Case, found: tuple[Fault, ...]) -> tuple[Answer, ...]:
    """Can you trust densities, samples, tails?"""
    return tuple(_answer(question, case, found) for question in _NO)


def _answer(question: str, case: Case, found: tuple[Fault, ...]) -> Answer:
    against = [fault.name for fault in found if question in fault.spoils]
    doubts = [fault.name for fault in found if fault.name in _DOUBT[question]]
    slight = [name for name in _ASKED[question] if case.sure(name)]
    if against:
        return Answer(question, "no", f"Do not trust the {question}: {_listed(against)}.")
    if doubts:
        told = f"Trust the {question} with care: {_listed(doubts)}."
        return Answer(question, "mostly", told)
    if slight:
        told = f"You can mostly trust the {question}: a slight but sure misfit ({_listed(slight)})."
        return Answer(question, "mostly", told)
    few = " (so few that only gross faults would show)" if case.rows < FEW else ""
    reach = {
        "densities": f"no test on {case.rows:,} held-out rows speaks against them{few}",
        "samples": f"nothing told them from {case.rows:,} held-out rows{few}",
        "tails": f"as far out as one row in {max(10, case.rows // 10):,}; beyond that, "
        f"{case.rows:,} held-out rows can show nothing",
    }
    return Answer(question, "yes", f"You can trust the {question}: {reach[question]}.")


def next_steps(
    found: tuple[Fault, ...], told: tuple[Answer, ...], typed: bool = False
) -> tuple[str, ...]:
    """What to do, one sentence for each fault; other means serve typed columns."""
    if found:
        means = _NEXT_TYPED if typed else _NEXT
        return tuple(dict.fromkeys(means[fault.name] for fault in found))
    if any(answer.answer != "yes" for answer in told):
        return (
            "Nothing must be mended; a longer fit or a richer flow may remove the last misfit.",
        )
    return ("Nothing needs to be mended: use it.",)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
