"""From evidence to names: what is wrong."""

from __future__ import annotations

from pushforward.diagnostics.case import ALPHA, Case
from pushforward.diagnostics.evidence import said
from pushforward.diagnostics.fault import ASKED, Fault

# A difference is named a fault when it is sure (ALPHA) and at least so large.
GAP = 0.1  # nats between training and held-out rows
NEARER = 0.55  # share of samples nearer to a training row than a held-out row is
OUTERMOST = 1.5  # real rows for each sample among the outermost, or the reverse
LONGER = 1.25  # how much longer a column's tails are, for the width of its middle
CORRELATION = 0.1  # difference of rank correlations, ...
BROKEN = 0.5  # ... and this share of the larger one: less is weakened, not broken
COLUMN = 0.08  # KS distance of a column whose bulk is off
SLIGHT = 0.05  # KS distance, or AUC above one half, or nats: below, a difference is slight


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
    spoils = [q for q, names in ASKED.items() if any(e.name in names for e in shown)]
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
