"""Is a flow of typed columns right? What `check` asks where there are no maps to differentiate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pushforward.conditions import any_order
from pushforward.density.spread import random_orders, spread
from pushforward.diagnostics.one_column import DRAWS, OneColumn, one_column
from pushforward.diagnostics.quadrature import INTEGRAL_BAR
from pushforward.diagnostics.report import Finding
from pushforward.diagnostics.subject import Subject
from pushforward.flow import Flow

SUMMED = 2**14  # rows of a finite space that are summed one by one
SUM_BAR = 1e-8  # of |Σp - 1|, in float64
PREFIXES = 3  # rows whose columns are looked at one after another
ORDERS = 4
SCORE_BAR = 1e-8  # of 1 + |log p|, in float64
ROUND_TRIP_BAR = 1e-6  # of a real number's spread and size, or else of its latent; in float64
PRECISION_BAR = 1e-3  # of 1 + |log p|: cells may be narrow
DECISIVE = 0.05  # a total probability known no better than this decides nothing
HIDDEN = 0.5  # share of the cells that are hidden to see what becomes of missing ones


def findings(subject: Subject) -> Iterator[Finding]:
    """All of them, about a copy in evaluation mode.

    Raises:
        ModelError: the flow has further layers.
    """
    any_order(subject.flow)
    wide = subject.double()
    if subject.x.dtype != torch.float64:
        yield _precision(subject, wide)
    gaps = _with_gaps(wide.x)
    yield _scores(wide, gaps)
    yield from _round_trips(wide)
    yield _missing(wide, gaps)
    samples = _samples(subject)
    yield _outside(subject, samples)
    yield _latents(subject, samples)
    yield from _masses(wide, samples)
    if len(subject.x[0]) > 1:
        yield _orders(subject)


def _context(subject: Subject) -> Tensor | None:
    """The context of every row, as the layer takes it."""
    context, embed = subject.context, subject.flow.embed
    return context if context is None or embed is None else embed(context)


@torch.no_grad()
def _precision(subject: Subject, wide: Subject) -> Finding:
    wanted = wide.flow.log_prob(wide.x, wide.context)
    error = (subject.flow.log_prob(subject.x, subject.context).double() - wanted).abs()
    name, worst = "score in float32 and in float64", (error / (1 + wanted.abs())).max().item()
    return Finding.within(name, worst, PRECISION_BAR, "exact", "of 1 + |log p|")


def _with_gaps(x: Tensor) -> Tensor:
    """Rows (n, d) with some of their cells hidden."""
    return x.masked_fill(torch.rand(x.shape, device=x.device) < HIDDEN, math.nan)


@torch.no_grad()
def _scores(wide: Subject, gaps: Tensor) -> Finding:
    """log N(z) + log-det of encode against `log_prob`: of rows, and of rows with gaps."""
    worst = 0.0
    for x in (wide.x, gaps):
        z, log_det = wide.flow.transform.inverse(x, _context(wide))
        wanted = wide.flow.log_prob(x, wide.context)
        error = (wide.flow.base.log_prob(z) + log_det - wanted).abs() / (1 + wanted.abs())
        worst = float(np.maximum(worst, error.max().item()))  # keeps a NaN
    name = "log-det of encode against the score"
    return Finding.within(name, worst, SCORE_BAR, "exact", "of 1 + |log p|")


@torch.no_grad()
def _round_trips(wide: Subject) -> Iterator[Finding]:
    """decode(encode(x)): the same cell, or nearly the same number.

    Rows with gaps are completed first: a latent drawn for a gap leads to a cell, and what comes
    after it is then decoded given that cell, which encode was not told.
    """
    flow, layer = wide.flow, any_order(wide.flow)
    x, _ = layer.complete(wide.x, _context(wide))
    z = _encoded(flow, x, wide.context)
    back = flow.decode(z, wide.context)
    again = _encoded(flow, back, wide.context)
    massive = torch.stack([c.massive(x[:, j]) for j, c in enumerate(layer.columns)], -1)
    if bool(massive.any()):
        changed = int((massive & (back != x)).sum())
        yield Finding.within("cells changed by a round trip", changed, 0, "exact", "cells")
    if bool((~massive).any()):
        # Where there is hardly any density, rounding of z alone moves x far: z must be the same.
        moved = (back - x).abs() / (wide.unit + x.abs())
        error = torch.minimum(moved, (again - z).abs() / (1 + z.abs()))[~massive]
        name = "round trip of real numbers"
        yield Finding.within(name, error.max().item(), ROUND_TRIP_BAR, "numerical", "relative")


def _encoded(flow: Flow, x: Tensor, context: Tensor | None) -> Tensor:
    """Latents of rows, drawn alike from the intervals of their cells each time."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return flow.encode(x, context)


@torch.no_grad()
def _missing(wide: Subject, gaps: Tensor) -> Finding:
    """A row without any cell has log p = 0; cells that are there stay, others are filled."""
    flow, layer = wide.flow, any_order(wide.flow)
    nothing = flow.log_prob(torch.full_like(gaps, math.nan), wide.context)
    known = ~gaps.isnan()
    filled, _ = layer.complete(gaps, _context(wide))
    inside = layer.look(filled)[1]
    bad = int((nothing != 0).sum()) + int((known & (filled != gaps)).sum()) + int((~inside).sum())
    name = "missing cells that count, or are not filled"
    return Finding.within(name, bad, 0, "exact", "cells")


@torch.no_grad()
def _samples(subject: Subject) -> Tensor:
    context = None if subject.context is None else subject.context[0]
    return subject.flow.sample((DRAWS,), context)


@torch.no_grad()
def _outside(subject: Subject, samples: Tensor) -> Finding:
    bad = int((~any_order(subject.flow).look(samples)[1]).sum())
    name = "samples outside the support of their column"
    return Finding.within(name, bad, 0, "exact", "cells", f"{len(samples):,} samples")


@torch.no_grad()
def _latents(subject: Subject, samples: Tensor) -> Finding:
    """Latents of samples against N(0, 1): a randomised probability integral transform.

    By Kolmogorov and Smirnov, of each column and of the sums z_j·√½ + z_k·√½ of neighbours in the
    order, which dependence between columns moves; the smallest p-value counts for all (Bonferroni).
    """
    from scipy import stats

    context = None if subject.context is None else subject.context[0].expand(len(samples), -1)
    z = subject.flow.encode(samples, context).double()
    if not bool(z.isfinite().all()):
        return Finding.of_samples("latents of samples against N(0, 1)", math.nan, len(samples))
    z = z[:, any_order(subject.flow).order]
    asked = torch.cat([z, (z[:, 1:] + z[:, :-1]) * math.sqrt(0.5)], 1).cpu().numpy()
    smallest = min(float(stats.kstest(column, "norm").pvalue) for column in asked.T)
    pvalue = min(1.0, asked.shape[1] * smallest)
    return Finding.of_samples("latents of samples against N(0, 1)", pvalue, len(samples))


def _masses(wide: Subject, samples: Tensor) -> Iterator[Finding]:
    """The total probability, and draws against it: column by column, given those before."""
    layer = any_order(wide.flow)
    context = None if wide.context is None else wide.context[0]
    rows = samples[:PREFIXES].double()
    # The first column has nothing before it: one row serves.
    asked = [(row, k) for i, row in enumerate(rows) for k in range(len(row)) if k or not i]
    found = [one_column(wide.flow, layer, row, k, context) for row, k in asked]
    pvalues = [one.pvalue for one in found if one.pvalue is not None]
    if pvalues:
        pvalue = min(1.0, len(pvalues) * min(pvalues)) if _all_known(pvalues) else math.nan
        draws = len(pvalues) * DRAWS // 2
        yield Finding.of_samples("draws of a column against its density", pvalue, draws)
    yield _sum(wide, context) or _judge(found)


def _all_known(values: list[float]) -> bool:
    return all(value == value for value in values)


@torch.no_grad()
def _sum(wide: Subject, context: Tensor | None) -> Finding | None:
    """The total probability of a small finite space, row by row; None of any other."""
    ranges = []
    for column in any_order(wide.flow).columns:
        if not column.mass or column.lower is None or column.upper is None:
            return None
        ranges.append(range(int(column.lower), int(column.upper) + 1))
    rows = math.prod(len(one) for one in ranges)
    if rows > SUMMED:
        return None
    every = torch.tensor(list(itertools.product(*ranges)), dtype=wide.x.dtype)
    shared = None if context is None else context.expand(rows, -1)
    off = abs(wide.flow.log_prob(every, shared).exp().sum().item() - 1)
    note = f"all {rows:,} rows there can be"
    return Finding.within("total probability", off, SUM_BAR, "exact", "off 1", note)


def _judge(found: list[OneColumn]) -> Finding:
    """By the column that is farthest towards its bar, or beyond."""
    worst = max(found, key=_reach)
    off, bar = abs(worst.total - 1), INTEGRAL_BAR + worst.error
    passed = False if not off <= bar else True if bar < DECISIVE else None
    note = f"each column given those before it, at {PREFIXES} rows"
    return Finding("total probability", off, bar, passed, "numerical", "off 1", note)


def _reach(one: OneColumn) -> float:
    reach = abs(one.total - 1) / (INTEGRAL_BAR + one.error)
    return math.inf if math.isnan(reach) else reach


@torch.no_grad()
def _orders(subject: Subject) -> Finding:
    """How far orders of the columns disagree on log p, which no training makes nothing."""
    layer = any_order(subject.flow)
    context = _context(subject)
    orders = random_orders(layer.features, ORDERS)
    nats = spread(layer, subject.x, orders, context).mean().item()
    name = "orders of the columns disagree on log p"
    return Finding.figure(name, nats, "estimate", "nats", f"a mean over {ORDERS} orders")
