"""Does a density integrate to one? By adaptive quadrature in 1-D and 2-D, and factor by factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Density = Callable[[Tensor], Tensor]  # points (n, d) -> log p (n), nats
CHUNK = 2**16  # points scored at once

INTEGRAL_BAR = 1e-3  # of |∫p - 1|
# Lobatto's rule on [0, 1], exact to degree 7. It looks at the ends: mass that begins just inside a
# cell's edge is seen there, however wide the cell.
NODES = (0.0, 0.5 - math.sqrt(3 / 28), 0.5, 0.5 + math.sqrt(3 / 28), 1.0)
WEIGHTS = (1 / 20, 49 / 180, 16 / 45, 49 / 180, 1 / 20)
SIMPSON = (1 / 6, 0.0, 2 / 3, 0.0, 1 / 6)  # on the same points, to see along which axis p bends
MARGIN = 0.25  # the box reaches beyond the samples by this part of their range


def scores(log_density: Density, points: Tensor) -> Tensor:
    """log p at the points (n, d), a chunk at a time, (n) in float64."""
    return torch.cat([log_density(some) for some in points.split(CHUNK)]).double()


@dataclass(frozen=True)
class Integral:
    """∫p over a box, with a conservative estimate of its own error."""

    value: float
    error: float
    evaluations: int
    cells: Cells
    masses: Tensor  # ∫p over each of the cells


@dataclass(frozen=True)
class Cells:
    """Boxes that tile a region: their lower and upper corners, (cells, d) each."""

    low: Tensor
    high: Tensor

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, index: Tensor) -> Cells:
        return Cells(self.low[index], self.high[index])

    def halves(self, axis: Tensor) -> Cells:
        """The two halves of each cell along its own axis (cells), side by side."""
        along = torch.nn.functional.one_hot(axis, self.low.shape[1]).bool()
        middle = 0.5 * (self.low + self.high)
        return Cells(
            torch.stack([self.low, torch.where(along, middle, self.low)], 1).flatten(0, 1),
            torch.stack([torch.where(along, middle, self.high), self.high], 1).flatten(0, 1),
        )


@torch.no_grad()
def integrate(
    log_density: Density,
    samples: Tensor,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    cells: int = 1024,
    tolerance: float = 3e-4,
    max_evaluations: int = 2_000_000,
) -> Integral:
    """∫ exp(log_density) over the box of all samples and a margin, cut at [low, high].

    The first cells hold equal shares of the samples, so that no mode that has mass is missed. Then
    each cell is compared with its two halves; where they agree within the error budget it is done,
    else each half is divided again, across the axis along which the density bends most.

    Args:
        log_density: points (n, d) -> log p (n); d of 1 or 2, since the cost grows as 5^d per cell.
        samples: (n, d) from the density, about 32 for each first cell.
        low, high: edges of the support, which every coordinate respects.
        cells: how many first cells, a power of two.
        tolerance: the error aimed at.
        max_evaluations: where it stops; the error then says what is missing.

    Example:
        >>> from pushforward.distributions import Normal
        >>> base = Normal(1).double()
        >>> abs(integrate(base.log_prob, base.sample((4096,)), cells=128).value - 1) < 1e-3
        True
    """
    found = refine(log_density, equal_cells(samples, low, high, cells), tolerance, max_evaluations)
    return replace(found, error=found.error + _unseen(found.masses))


@torch.no_grad()
def refine(
    log_density: Density,
    tiles: Cells,
    tolerance: float = 3e-4,
    max_evaluations: int = 2_000_000,
) -> Integral:
    """∫ exp(log_density) over cells, each divided until it agrees with its halves.

    Args:
        log_density: points (n, d) -> log p (n); d of 1 or 2.
        tiles: the first cells.
        tolerance, max_evaluations: as of `integrate`.

    Example:
        >>> from pushforward.distributions import Normal
        >>> ends = torch.tensor([[-9.0], [0.0], [9.0]]).double()
        >>> found = refine(Normal(1).double().log_prob, Cells(ends[:-1], ends[1:]))
        >>> [round(mass, 3) for mass in found.masses.tolist()]
        [0.5, 0.5]
    """
    boxes = tiles
    rule = Rule(log_density, tiles.low.shape[1])
    values, axis = rule(boxes)
    first = torch.arange(len(boxes), device=tiles.low.device)  # which first cell each came from
    totals = torch.zeros(len(boxes), dtype=torch.float64, device=tiles.low.device)
    error = 0.0
    while len(boxes):
        halves = boxes.halves(axis)
        parts, axes = rule(halves)
        both = parts.reshape(-1, 2).sum(1)
        difference = (both - values).abs()
        order = difference.argsort()
        # Each round may spend a quarter of what is left of the tolerance.
        settled = difference[order].cumsum(0) <= 0.25 * (tolerance - error)
        if rule.evaluations > max_evaluations:
            settled = torch.ones_like(settled)
        done, open_ = order[settled], order[~settled]
        totals.index_add_(0, first[done], both[done])
        error += difference[done].sum().item()
        kept = torch.stack([2 * open_, 2 * open_ + 1], 1).flatten()
        boxes, values, axis, first = halves[kept], parts[kept], axes[kept], first[kept // 2]
    return Integral(totals.sum().item(), error, rule.evaluations, tiles, totals)


def _unseen(totals: Tensor) -> float:
    """The mass that the rule may have missed: of first cells with much less than an equal share.

    By chance a cell of 32 samples hardly ever has less than a quarter of its share. One that has is
    crossed by something thin, between all nodes, as the tails of some flows are.
    """
    share = totals.mean()
    return (share - totals)[totals < 0.25 * share].sum().item()


def equal_cells(samples: Tensor, low: float, high: float, cells: int) -> Cells:
    """Cells that tile the samples' box with its margin, an equal share of the samples in each.

    The box is halved at the median of one coordinate after another (a k-d tree).
    """
    d = samples.shape[1]
    least, most = samples.amin(0, keepdim=True), samples.amax(0, keepdim=True)
    margin = MARGIN * (most - least)
    lows, highs = (least - margin).clamp(min=low), (most + margin).clamp(max=high)
    groups = samples[: len(samples) // cells * cells].unsqueeze(0)  # (cells so far, each, d)
    for level in range(cells.bit_length() - 1):
        axis = level % d
        order = groups[..., axis].argsort(1)
        groups = groups.gather(1, order.unsqueeze(-1).expand_as(groups))
        half = groups.shape[1] // 2
        cut = 0.5 * (groups[:, half - 1, axis] + groups[:, half, axis])
        groups = groups.reshape(-1, half, d)
        below, above = highs.clone(), lows.clone()
        below[:, axis] = above[:, axis] = cut
        lows = torch.stack([lows, above], 1).reshape(-1, d)
        highs = torch.stack([below, highs], 1).reshape(-1, d)
    return Cells(lows, highs)


class Rule:
    """The tensor product of Lobatto's rule on cells, counting its evaluations."""

    def __init__(self, log_density: Density, d: int) -> None:
        self.log_density, self.d, self.evaluations = log_density, d, 0
        self.nodes = _product([NODES] * d)  # (5^d, d)
        self.weights = _product([WEIGHTS] * d).prod(1)
        by_simpson = [[SIMPSON if i == axis else WEIGHTS for i in range(d)] for axis in range(d)]
        self.coarse = torch.stack([_product(rules).prod(1) for rules in by_simpson], dim=1)

    def __call__(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """∫p over each cell in float64, and the axis along which it bends most, both (cells)."""
        size = cells.high - cells.low
        points = cells.low[:, None] + self.nodes.to(size) * size[:, None]
        self.evaluations += points.shape[0] * points.shape[1]
        density = scores(self.log_density, points.flatten(0, 1)).exp().reshape(len(cells), -1)
        weights, coarse = self.weights.to(density), self.coarse.to(density)
        value = density @ weights
        axis = (density @ coarse - value[:, None]).abs().argmax(1)
        return value * size.double().prod(1), axis


def _product(rules: Sequence[Sequence[float]]) -> Tensor:
    """All combinations of one number from each rule, (combinations, rules), in float64."""
    columns = [torch.tensor(rule, dtype=torch.float64) for rule in rules]
    return torch.cartesian_prod(*columns).reshape(-1, len(rules))


@torch.no_grad()
def by_factors(
    log_density: Density, samples: Tensor, low: float = -math.inf, high: float = math.inf
) -> Integral | None:
    """∫ exp(log_density) in any dimension, where it is a product of one factor per coordinate.

    Each factor is integrated by itself, along the line through the samples' median. None where
    the density is no such product, to 1e-9 of log p: seen by exchanging a random half of the
    coordinates between samples.

    Args:
        log_density: points (n, d) -> log p (n), in float64.
        samples: (n, d) from the density, some thousands.
        low, high: edges of the support, which every coordinate respects.

    Example:
        >>> from pushforward.distributions import Normal
        >>> base = Normal(100).double()
        >>> abs(by_factors(base.log_prob, base.sample((1000,))).value - 1) < 1e-3
        True
    """
    n, d = samples.shape
    one, other = samples[:64], samples[64:128]
    swapped = torch.rand_like(one) < 0.5
    mixed = [torch.where(swapped, one, other), torch.where(swapped, other, one)]
    own, new = (log_density(a) + log_density(b) for a, b in ((one, other), mixed))
    if not bool(((own - new).abs() <= 1e-9 * (1 + own.abs())).all()):
        return None
    middle = samples.median(0).values
    peak = log_density(middle[None])
    total, error, evaluations = peak.item(), 2 * d / n, 1  # what lies beyond the samples' range
    for i in range(d):

        def factor(t: Tensor, i: int = i) -> Tensor:
            points = middle.repeat(len(t), 1)
            points[:, i] = t[:, 0]
            return log_density(points) - peak

        column = samples[:, i : i + 1]
        size = Rule(factor, 1)(equal_cells(column, low, high, 16))[0].sum().log()
        found = integrate(
            lambda t, factor=factor, size=size: factor(t) - size,  # type: ignore[misc]
            column,
            low,
            high,
            cells=16,
            tolerance=0.3 * INTEGRAL_BAR / d,
            max_evaluations=10_000,
        )
        total += size.item() + (math.log(found.value) if found.value > 0 else -math.inf)
        error += found.error
        evaluations += found.evaluations
    return Integral(math.exp(min(total, 700.0)), error, evaluations, found.cells, found.masses)
