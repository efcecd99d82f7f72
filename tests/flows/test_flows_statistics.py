"""Samples of flows follow the flows' own densities.

In one dimension by Kolmogorov and Smirnov's test against the distribution function that integrates
the flow's density; in two by the same test of each marginal, and by χ² over 64 cells. Each of the
tests has one fixed seed and asks for p > 1e-5: of all of them together, drawn anew, fewer than one
run in a thousand would raise a false alarm. As they stand they pass or fail for ever.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

import pushforward as pf
from pushforward.diagnostics.quadrature import Cells, Rule, equal_cells
from pushforward.flow import Flow
from pushforward.transforms.registry import perturb
from specimens import FLOWS, Recipe, seeded

FALSE_ALARM = 1e-5
LINE = [f for f in FLOWS if f.features == 1 and not f.context_features]
PLANE = [f for f in FLOWS if f.features == 2 and not f.context_features]


def masses(flow: Flow, cells: Cells, rounds: int) -> Tensor:
    """∫p over each cell, by Lobatto's rule after `rounds` halvings of every side."""
    rule = Rule(flow.log_prob, cells.low.shape[1])
    parts = cells
    for _ in range(rounds):
        for axis in range(cells.low.shape[1]):
            parts = parts.halves(torch.full((len(parts),), axis))
    with torch.no_grad():
        return rule(parts)[0].reshape(len(cells), -1).sum(1)


def grid(low: float, high: float, count: int) -> Cells:
    edges = torch.linspace(low, high, count + 1, dtype=torch.float64)
    return Cells(edges[:-1, None], edges[1:, None])


def box(x: Tensor) -> tuple[Tensor, Tensor]:
    """Wide enough to hold nearly all samples to come."""
    margin = 0.3 * (x.amax(0) - x.amin(0))
    return x.amin(0) - margin, x.amax(0) + margin


def ks_pvalue(x: Tensor, edges: Tensor, mass: Tensor) -> float:
    """Of samples against the distribution whose masses between the edges are given."""
    cdf = torch.cat([torch.zeros(1, dtype=torch.float64), mass.cumsum(0)])
    return stats.kstest(x.numpy(), lambda v: np.interp(v, edges.numpy(), cdf.numpy())).pvalue


def line_pvalue(flow: Flow) -> float:
    low, high = (v.item() for v in box(flow.sample((10_000,), generator=seeded(1))))
    cells = grid(low, high, 20_000)
    edges = torch.cat([cells.low[:, 0], cells.high[-1:, 0]])
    return ks_pvalue(flow.sample((5000,), generator=seeded(2))[:, 0], edges, masses(flow, cells, 0))


def marginal_pvalues(flow: Flow, count: int = 100) -> list[float]:
    low, high = box(flow.sample((10_000,), generator=seeded(1)))
    edges = [torch.linspace(a, b, count + 1).double() for a, b in zip(low, high, strict=True)]
    left = torch.cartesian_prod(edges[0][:-1], edges[1][:-1])
    right = torch.cartesian_prod(edges[0][1:], edges[1][1:])
    mass = masses(flow, Cells(left, right), 0).reshape(count, count)
    x = flow.sample((2000,), generator=seeded(2))
    return [ks_pvalue(x[:, axis], edges[axis], mass.sum(1 - axis)) for axis in range(2)]


def cells_pvalue(flow: Flow, halvings: int = 3) -> float:
    cells = equal_cells(flow.sample((2**13,), generator=seeded(1)), -math.inf, math.inf, cells=64)
    share = masses(flow, cells, halvings)
    share = share / share.sum()  # of the few samples beyond the box nothing is asked
    x = flow.sample((20_000,), generator=seeded(2))
    inside = ((x[:, None] >= cells.low) & (x[:, None] < cells.high)).all(-1)
    counts = inside.sum(0).double()
    chi = ((counts - counts.sum() * share).square() / (counts.sum() * share)).sum().item()
    return float(stats.chi2(len(cells.low) - 1).sf(chi))


@pytest.mark.parametrize("recipe", LINE, ids=str)
def test_samples_on_a_line_follow_the_density(recipe: Recipe) -> None:
    assert line_pvalue(recipe.flow.double()) > FALSE_ALARM


@pytest.mark.parametrize("recipe", PLANE, ids=str)
def test_samples_on_a_plane_follow_the_marginals(recipe: Recipe) -> None:
    assert min(marginal_pvalues(recipe.flow.double())) > FALSE_ALARM


@pytest.mark.parametrize("recipe", PLANE, ids=str)
def test_samples_on_a_plane_fill_cells_as_the_density_says(recipe: Recipe) -> None:
    # A perturbed sinh is steep: with fewer halvings 0.6 % of the mass is missed, and noticed.
    halvings = 7 if recipe.name == "triangular" else 3
    assert cells_pvalue(recipe.flow.double(), halvings) > FALSE_ALARM


def test_a_density_that_is_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above have power: samples moved by a fifth of a deviation fail them all."""
    sample = Flow.sample

    def moved(flow: Flow, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        x = sample(flow, shape, generator=generator)
        return x + 0.2 * x.std(0)

    monkeypatch.setattr(Flow, "sample", moved)
    assert line_pvalue(Recipe("maf", (), 1).flow.double()) < FALSE_ALARM
    assert max(marginal_pvalues(Recipe("maf", (), 2).flow.double())) < FALSE_ALARM
    assert cells_pvalue(Recipe("maf", (), 2).flow.double()) < FALSE_ALARM


@pytest.mark.parametrize("base", ["full", "uniform", "student_t", "mixture"])
@pytest.mark.parametrize("features", [1, 2])
def test_every_base_gives_a_density_of_total_one(base: str, features: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.flows.planar(features, layers=3, base=base)
        flow.initialize(torch.randn(200, features))
        perturb(flow, seeded(0))
    report = pf.check(flow)
    assert report.passed, str(report)
    assert report.rows[-1].passed
