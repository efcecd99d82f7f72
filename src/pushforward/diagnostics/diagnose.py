"""Is a flow good? Every question, one answer: `diagnose`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.associations import judge_associations
from pushforward.diagnostics.coverage import judge_calibration, judge_densities
from pushforward.diagnostics.diagnosis import Diagnosis
from pushforward.diagnostics.distances import (
    PairDistance,
    judge_columns,
    judge_joint,
    judge_pairs,
)
from pushforward.diagnostics.evidence import Evidence, holm
from pushforward.diagnostics.judged import Judged, numbers
from pushforward.diagnostics.latents import Latents, judge_latents
from pushforward.diagnostics.levels import judge_levels
from pushforward.diagnostics.likelihood import judge_likelihood
from pushforward.diagnostics.material import Material, Side, gather
from pushforward.diagnostics.memorisation import judge_memory
from pushforward.diagnostics.regions import judge_regions
from pushforward.diagnostics.rows import least_likely
from pushforward.diagnostics.tails import judge_tails
from pushforward.diagnostics.twosample import judge_samples
from pushforward.diagnostics.verdict import (
    Case,
    answers,
    dropped_levels,
    dropped_regions,
    faults,
    next_steps,
)

SALT = 0x5EED
WORST_PAIRS, WORST_REGIONS, WORST_TAILS, WORST_LEVELS = 10, 5, 5, 5


def diagnose(
    flow: Any,
    data: Any,
    *,
    train: Any = None,
    context: Any = None,
    train_context: Any = None,
    columns: Sequence[str] | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Judge a fitted flow on rows that it has not seen: can you trust densities, samples, tails?

    Ten or so statistical questions, each with a null that a perfect flow fulfils, corrected
    together (Holm, 1% for all): a perfect flow is accused of anything at most once in a hundred
    times. A difference is named a fault where it is both sure and large; the names are
    "memorised", "overfit", "mode dropped", "level dropped", "underfit", "tail thinned",
    "tail too heavy", "correlation broken", "rows without density", "samples not finite",
    "inverse inaccurate". A flow that passes has not been proved right: what so few rows cannot
    show was not seen.

    Columns of whole or repeated numbers are compared as they are: a flow is continuous, and a large
    table of them tells its samples from rows by that alone.

    Of typed columns (`pushforward.flows.columns`) NaN is a missing cell. Where cells are missing
    whatever the row holds, each sample is given the gaps of a row; where they are not, gaps of rows
    are filled by the flow's own draws given the rest, which under the true law are as good as the
    cells. Categories are compared by shares, numbers by ranks, and a category with a number by the
    number's mean rank in each.

    Whether the flow's mathematics is right is another question: `check` asks it.

    Args:
        flow: whatever has `log_prob`, `sample` and `encode` as a `Flow` has them; a module is
            copied, and left as it is. NaN is a missing cell if it has `takes_missing`.
        data: held-out rows (n, *event), at least 100, in the flow's units.
        train: the training rows (m, *event), for overfitting and memorisation.
        context, train_context: (n, c) and (m, c), for a flow that takes one.
        columns: names for the d numbers of a row; x1, x2, … where None.
        levels: of columns that hold codes 0, 1, …, the names of the categories; a flow of typed
            columns knows which those are, and without names calls them by code.
        seed: of every choice of rows and every draw.

    Returns:
        A `Diagnosis`: prints as a short text that ends in three sentences and what to do next.

    Raises:
        DataError: fewer than 100 rows, a number that is not finite, or hardly a finite sample.
        ShapeError: rows or contexts that do not fit the flow or each other.
        ConfigurationError: an object without the three methods, more than 256 columns, or names or
            levels that do not fit.

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
    judged = Judged(flow)
    devices = [judged.like.device] if judged.like.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        # Never the numbers of somebody who drew the rows after torch.manual_seed(seed): samples
        # would repeat them, and look copied.
        torch.manual_seed(int(np.random.SeedSequence([seed, SALT]).generate_state(1)[0]))
        given, x, c = gather(judged, data, train, context, train_context, columns, seed, levels)
        return _diagnose(judged, given, x, c, seed)


def _diagnose(judged: Judged, given: Material, x: Tensor, c: Tensor | None, seed: int) -> Diagnosis:
    real, sampled = given.real, given.sampled
    unit_real, unit_sampled = (given.unit(side)[:, : given.width] for side in (real, sampled))

    scored, beaten, reference = judge_likelihood(given, seed)
    latent, uniform = _latents(judged, given)
    covered, ordered = judge_densities(given)
    told_apart, classifier = judge_samples(given, seed)
    codes = given.kinds.category
    by_column, column = judge_columns(given.names, unit_real, unit_sampled, codes)
    by_pair, pair = _pairs(given, unit_real, unit_sampled, seed)
    by_level, level = judge_levels(given.names, given.kinds, unit_real, unit_sampled)
    ends, outer = judge_tails(
        given.names, unit_real, unit_sampled, real.log_prob, sampled.log_prob, codes
    )
    partition, region = judge_regions(given, seed)
    joint = judge_joint(given, seed)
    memory = judge_memory(given, partition)
    calibrated = None if c is None else judge_calibration(judged, given, x, c, seed)

    asked = [beaten, uniform, ordered, classifier, column, pair, level, outer, region, joint]
    asked += [*(memory[1] if memory else ()), calibrated[1] if calibrated else None]
    evidence = holm([e for e in asked if e is not None])
    by_name = {e.name: e for e in evidence}

    heights = given.dense(real) if given.kinds.typed else real.joint
    dropped = dropped_regions(partition, by_name["regions"], reference, heights)
    absent = dropped_levels(by_level, by_name.get("levels"))
    kept = ~np.isin(partition.real, [r.number for r in dropped])
    met = ~np.isin(partition.sampled, [r.number for r in dropped])
    for one in absent:
        at = given.names.index(one.column)
        kept, met = kept & (unit_real[:, at] != one.code), met & (unit_sampled[:, at] != one.code)
    lacking = bool(dropped or absent) and kept.any() and met.any()
    rest = (given.names, unit_real[kept], unit_sampled[met])
    inverse = _inverse(judged, given, x, c)
    case = Case(
        by_name,
        memory[0] if memory else None,
        dropped,
        judge_columns(*rest, codes)[0] if lacking else by_column,
        _pairs(given, *rest[1:], seed)[0] if lacking else by_pair,
        judge_tails(*rest, real.log_prob[kept], sampled.log_prob[met], codes)[0]
        if lacking
        else ends,
        int(np.isneginf(given.all_log_prob).sum()),
        given.lost,
        inverse,
        len(given.all_log_prob),
        absent,
        given.kinds.typed,
    )
    found = faults(case)
    told = answers(case, found)
    return Diagnosis(
        found,
        told,
        next_steps(found, told, given.kinds.typed),
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
        least_likely(judged, given, x, c),
        inverse,
        len(given.all_log_prob),
        seed,
        given.notes,
        by_level[:WORST_LEVELS],
    )


def _pairs(
    given: Material, real: np.ndarray, sampled: np.ndarray, seed: int
) -> tuple[tuple[PairDistance, ...], Evidence | None]:
    """Pairs of numbers by ranks; of typed columns by scores."""
    if given.kinds.typed:
        return judge_associations(given.names, given.kinds, real, sampled, seed)
    return judge_pairs(given.names, real, sampled)


def _latents(judged: Judged, given: Material) -> tuple[Latents, Evidence]:
    base = getattr(judged.flow, "base", None)
    real, sampled = given.real, given.sampled
    z, other = (judged.encode(*_tensors(judged, side)) for side in (real, sampled))
    # Where the base is not normal: how far out a row is by the flow's own density.
    return judge_latents(base, z, other, -real.log_prob, -sampled.log_prob)


def _tensors(judged: Judged, side: Side) -> tuple[Tensor, Tensor | None]:
    event = getattr(judged.flow, "event_shape", side.x.shape[1:])
    x = torch.as_tensor(side.x).to(judged.like).reshape(-1, *event)
    return x, None if side.context is None else torch.as_tensor(side.context).to(judged.like)


@torch.no_grad()
def _inverse(judged: Judged, given: Material, x: Tensor, context: Tensor | None) -> float | None:
    """max|decode(encode(x)) - x| over the real rows, in deviations of the column.

    Gaps are filled first; a category is either right or off by one.
    """
    if not hasattr(judged.flow, "decode"):
        return None
    rows, c = x[given.chosen], None if context is None else context[given.chosen]
    if bool(rows.isnan().any()):
        # A gap is drawn on the way back, and what comes after it then knows more than before.
        if not judged.completes:
            return None
        rows = judged.complete(rows, c)
    z = judged.flow.encode(rows) if c is None else judged.flow.encode(rows, c)
    back = judged.flow.decode(z) if c is None else judged.flow.decode(z, c)
    error = np.abs(numbers(back) - numbers(rows)) / given.scale[: given.width]
    error[:, given.kinds.category] = error[:, given.kinds.category] > 0
    scored = np.isfinite(given.real.scores)  # outside the support there is nothing to come back
    return float(error[scored].max()) if scored.any() else None
