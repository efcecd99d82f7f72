"""How far orders of the columns disagree on a row."""

import math

import pytest
import torch

from pushforward.density.spread import random_orders, spread
from pushforward.flows import columns
from pushforward.transforms.registry import perturb


def layer(features: int = 3):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = columns(features, networks=[{"width": 8, "blocks": 1}]).transform[0]
    perturb(found, torch.Generator().manual_seed(0))
    return found.eval().requires_grad_(False)


def test_it_is_the_mean_over_pairs():
    one, x = layer(), torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    orders = [[0, 1, 2], [2, 0, 1], [1, 2, 0]]
    a, b, c = (one.log_prob(x, order=order) for order in orders)
    wanted = ((a - b).abs() + (a - c).abs() + (b - c).abs()) / 3
    assert torch.allclose(spread(one, x, orders), wanted)
    assert float(wanted.min()) > 1e-3


def test_a_cell_alone_and_a_row_outside_have_none():
    x = torch.tensor([[0.3, math.nan, math.nan], [math.inf, 0.0, 0.0], [math.nan] * 3])
    orders = [[0, 1, 2], *random_orders(3, 3)]
    assert spread(layer(), x, orders).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert spread(layer(), x, orders[:1]).tolist() == [0, 0, 0]


def test_rows_are_scored_each_by_itself(monkeypatch):
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    whole = spread(layer(), x, random_orders(3, 3))
    monkeypatch.setattr("pushforward.numerics.CHUNK", 7)
    assert torch.allclose(spread(layer(), x, random_orders(3, 3)), whole, atol=1e-5)
