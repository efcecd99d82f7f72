"""One column of a typed flow given those before it: its masses, by the flow's own score, and draws.

Where a row's later cells are missing, `log_prob` is that of the earlier ones. So differences of
scores are a column's law given a prefix, and if each of these adds up to one, then so does the
whole, in however many columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.diagnostics.quadrature import Cells, refine, scores
from pushforward.flow import Flow
from pushforward.transforms.columns import AnyOrder
from pushforward.transforms.columns.column import Column
from pushforward.transforms.columns.real import Real

DRAWS = 4096  # of a column given one prefix: half set the bins, half are judged
BINS = 32  # of the draws
EVERY = 2**15  # whole numbers that are summed one by one
STRATUM = 64  # whole numbers looked at in each bin where there are more than that
SEEN = 1e-7  # probability of the last piece, below which nothing is looked for farther out
TOLERANCE = 1e-5  # of an integral
FARTHEST = 1e4  # the coordinate that stands for infinity
FEW_EXPECTED = 16  # draws of a bin; those with fewer are counted together

Law = Callable[[Tensor], Tensor]  # values (n) of the column -> log p given the prefix (n), nats


@dataclass(frozen=True)
class OneColumn:
    """What one column's law given one prefix came to.

    Attributes:
        total: its whole probability.
        error: bound of what quadrature or sampling may have got wrong in it.
        pvalue: of draws against the masses, by χ²; None where the masses are estimates.
    """

    total: float
    error: float
    pvalue: float | None


@torch.no_grad()
def one_column(
    flow: Flow, layer: AnyOrder, row: Tensor, place: int, context: Tensor | None = None
) -> OneColumn:
    """The law of the column at that place in the layer's order, given a row's cells before it.

    Args:
        flow: of that layer alone, in float64.
        layer: in the same precision.
        row: (d), all of it known; only the cells before the place are told.
        place: from 0 to d - 1.
        context: (c), of a flow that takes one.
    """
    order = layer.order.tolist()
    j, told = order[place], row.clone()
    told[order[place:]] = math.nan
    column = layer.columns[j]
    before = flow.log_prob(told[None], None if context is None else context[None])

    def law(values: Tensor) -> Tensor:
        points = told.repeat(len(values), 1)
        points[:, j] = values
        shared = None if context is None else context.expand(len(values), -1)
        return flow.log_prob(points, shared) - before

    draws = _draws(flow, layer, told, j, context)
    if isinstance(column, Real):
        return _real(law, column, draws)
    low, high = column.lower, column.upper
    if low is not None and high is not None and high - low < EVERY:
        return _listed(law, torch.arange(low, high + 1, dtype=draws.dtype), draws)
    return _whole(law, column, draws)


def _draws(flow: Flow, layer: AnyOrder, told: Tensor, j: int, context: Tensor | None) -> Tensor:
    """Draws of column j as samples of the flow are made, (DRAWS)."""
    if context is not None:
        context = (context if flow.embed is None else flow.embed(context)).expand(DRAWS, -1)
    walk, some = layer.walk(DRAWS, context), torch.arange(DRAWS)
    for i in layer.order.tolist():
        if not bool(told[i].isnan()):
            walk.log_prob(i, told[i].expand(DRAWS), some)
    return walk.draw(j, some, None, None)[0]


def _listed(law: Law, values: Tensor, draws: Tensor, error: float = 0.0) -> OneColumn:
    """Of whole numbers (n), rising, all of which are looked at."""
    masses = scores(lambda points: law(points[:, 0]), values[:, None]).exp()
    former, latter = draws[::2].contiguous(), draws[1::2].contiguous()
    edges = _edges(former)
    shares = torch.zeros(len(edges) + 1, dtype=torch.float64)
    shares.index_add_(0, torch.bucketize(values, edges), masses)
    counts = torch.bincount(torch.bucketize(latter, edges), minlength=len(shares))
    return OneColumn(masses.sum().item(), error, _pvalue(shares, counts))


def _edges(draws: Tensor) -> Tensor:
    """Numbers that part draws into about as many each, rising."""
    levels = torch.linspace(0, 1, BINS + 1, dtype=draws.dtype)[1:-1]
    return draws.quantile(levels).unique()


def _pvalue(shares: Tensor, counts: Tensor) -> float:
    """Of counts in bins against their probabilities, by χ²; rare bins are counted together."""
    from scipy import stats

    expected = counts.sum() * shares / shares.sum()
    rare = expected < FEW_EXPECTED
    expected = torch.cat([expected[~rare], expected[rare].sum()[None]])
    found = torch.cat([counts[~rare].double(), counts[rare].sum()[None].double()])
    if expected[-1] < FEW_EXPECTED:  # too few even together: they join the last bin
        expected = torch.cat([expected[:-2], expected[-2:].sum()[None]])
        found = torch.cat([found[:-2], found[-2:].sum()[None]])
    if len(expected) < 2:
        return 1.0
    statistic = ((found - expected).square() / expected).sum().item()
    return float(stats.chi2(len(expected) - 1).sf(statistic))


def _whole(law: Law, column: Column, draws: Tensor) -> OneColumn:
    """Of whole numbers without an end, or with very many between: outwards from the draws."""
    least = -math.inf if column.lower is None else column.lower
    most = math.inf if column.upper is None else column.upper
    low, high = draws.min().item(), draws.max().item()
    pieces = _Pieces(law)
    if high - low < EVERY:
        # As far again on either side, so that hardly anything is left to the pieces beyond.
        more = max(16.0, (high - low) / 2)
        low, high = max(least, low - more // 1), min(most, high + more // 1)
        inside = torch.arange(low, high + 1, dtype=draws.dtype)
        found = _listed(law, inside, draws)
        beyond = pieces.outwards(low, least, -1) + pieces.outwards(high, most, 1)
        return OneColumn(found.total + beyond, pieces.error, found.pvalue)
    levels = torch.linspace(0, 1, 513, dtype=draws.dtype)
    common = getattr(column, "values", draws[:0])  # atoms, of which no bin must hide one
    common = common[common.isfinite() & (common >= low) & (common <= high)].to(draws)
    cuts = torch.cat([draws.quantile(levels).round(), common, common + 1]).unique().tolist()
    total = sum(pieces.mass(a, b - 1) for a, b in zip(cuts, [*cuts[1:], high + 1], strict=True))
    total += pieces.outwards(cuts[0], least, -1) + pieces.outwards(high, most, 1)
    return OneColumn(total, pieces.error, None)


class _Pieces:
    """Sums over runs of whole numbers: all of them, or some drawn at random from a long run."""

    def __init__(self, law: Law) -> None:
        self.law, self.variance, self.unseen = law, 0.0, 0.0

    @property
    def error(self) -> float:
        """Four standard errors, and what may lie farther out."""
        return 4 * math.sqrt(self.variance) + self.unseen

    def mass(self, low: float, high: float) -> float:
        """Of low … high."""
        size = high - low + 1
        if size <= STRATUM:
            return self.law(torch.arange(low, high + 1, dtype=torch.float64)).exp().sum().item()
        share = (torch.arange(STRATUM) + torch.rand(STRATUM)).double() / STRATUM
        masses = self.law(low + (share * size).floor()).exp()
        self.variance += (size**2 * masses.var() / STRATUM).item()
        return (size * masses.mean()).item()

    def outwards(self, start: float, end: float, way: int) -> float:
        """Of all beyond `start`, in runs that double in length until nothing is left."""
        total, size = 0.0, 16.0
        while start != end and abs(start) < 2**52:
            stop = start + way * size
            stop = max(stop, end) if way < 0 else min(stop, end)
            low, high = (stop, start - 1) if way < 0 else (start + 1, stop)
            piece = self.mass(low, high)
            total, start, size = total + piece, stop, 2 * size
            if piece < SEEN:
                break
        return total


def _real(law: Law, column: Real, draws: Tensor) -> OneColumn:
    """Of real numbers, in the column's coordinate, where bounds are infinitely far."""

    def log_density(y: Tensor) -> Tensor:
        with torch.enable_grad():
            y = y[:, 0].detach().requires_grad_()
            x = column.at(y)
            (slope,) = torch.autograd.grad(x.sum(), y)
        return law(x.detach()) + slope.log()

    met = column.massive(draws)
    y = column.coordinate(draws[~met])
    edges = _edges(y[::2]) if len(y) > BINS else torch.linspace(-8, 8, 33, dtype=draws.dtype)
    width = (edges[-1] - edges[0]).clamp(min=1e-3)
    steps = width / BINS * (2.0 ** torch.arange(1, 40, dtype=draws.dtype) - 1)
    outer = steps[steps < FARTHEST]
    jumps = column.coordinate.ends.to(edges)  # of the range that was seen
    cuts = torch.cat([edges[0] - outer, edges, edges[-1] + outer, jumps]).unique()
    tiles = Cells(cuts[:-1, None], cuts[1:, None])
    found = refine(log_density, tiles, TOLERANCE, max_evaluations=100_000)
    ends = draws.new_tensor(column.ends)
    at_ends = law(ends).exp().double() if len(ends) else found.masses[:0]
    bins = torch.bucketize(cuts[:-1], edges, right=True)  # the tiles beyond join the outer bins
    shares = torch.zeros(len(edges) + 1, dtype=torch.float64).index_add_(0, bins, found.masses)
    judged = draws[1::2].contiguous()
    free = judged[~column.massive(judged)]
    counts = torch.bincount(torch.bucketize(column.coordinate(free), edges), minlength=len(shares))
    hits = (judged[:, None] == ends).sum(0)
    pvalue = _pvalue(torch.cat([shares, at_ends]), torch.cat([counts, hits]))
    return OneColumn(found.value + at_ends.sum().item(), found.error, pvalue)
