"""Masses of whole numbers under mixtures of logistics: exact, whatever the network says."""

import math

import pytest
import torch

from pushforward.vae.likelihood import Logistics, Normal
from specimens import seeded


def cells(law: Logistics, spread: float, dtype: torch.dtype = torch.float64):
    """log P of every number (rows, values) for 40 mixtures of wild parameters."""
    params = spread * torch.randn(40, law.n_params, generator=seeded(0)).to(dtype)
    k = torch.arange(law.values).to(dtype)
    every = params[:, None].expand(-1, law.values, -1).reshape(-1, 1, law.n_params)
    return law.log_prob(every, k.repeat(40)[:, None]).reshape(40, law.values), params


@pytest.mark.parametrize("spread", [0.3, 3.0, 100.0])
@pytest.mark.parametrize("values", [2, 17, 256])
def test_masses_add_up_to_one(values, spread):
    masses, _ = cells(Logistics(values), spread)
    assert (masses.exp().sum(1) - 1).abs().max() < 1e-6
    low, _ = cells(Logistics(values), spread, torch.float32)
    assert (low.exp().sum(1) - 1).abs().max() < 1e-3
    assert bool(low.isfinite().all())


def test_masses_are_differences_of_the_distribution_function():
    law = Logistics(17, components=2)
    masses, params = cells(law, 0.5)
    weights, loc, log_scale = params.chunk(3, -1)
    edges = (2 * torch.arange(18).double() - 17) / 16
    edges[0], edges[-1] = -math.inf, math.inf
    below = ((edges[:, None, None] - loc) / log_scale.exp()).sigmoid()
    plain = (weights.softmax(-1) * below.diff(dim=0)).sum(-1).t()
    assert torch.allclose(masses.exp(), plain, atol=1e-12)


def test_masses_far_out_keep_their_digits():
    law = Logistics(256, components=1)
    params = torch.tensor([[[0.0, 1.0, -4.0]]], dtype=torch.float64)
    rate = math.exp(4.0)  # at k = 50 the cell lies 76 scales below the logistic's middle
    low, high = (2 * 50 - 256) / 255 - 1, (2 * 51 - 256) / 255 - 1
    exact = high * rate + math.log(-math.expm1((low - high) * rate))
    found = law.log_prob(params, torch.tensor([[50.0]], dtype=torch.float64)).item()
    assert found < -80
    assert math.isclose(found, exact, rel_tol=1e-9)


def test_draws_come_as_often_as_their_masses_say():
    law, n = Logistics(5, components=2), 200_000
    params = torch.tensor([0.3, -0.4, -0.5, 0.7, -1.5, -0.7]).double()
    draws = law.draw(params.expand(n, 1, -1), seeded(1)).flatten()
    masses = law.log_prob(params.expand(5, 1, -1), torch.arange(5.0).double()[:, None]).exp()
    counts = torch.bincount(draws.long(), minlength=5).double()
    assert ((counts - n * masses).square() / (n * masses)).sum() < 18.5  # 1 in 1000, 4 degrees
    exact = (masses * torch.arange(5)).sum().item()
    assert law.mean(params[None, None]).item() == pytest.approx(exact, abs=1e-12)


def test_what_cannot_be_has_probability_zero_and_a_nan_stays_visible():
    law = Logistics(4)
    params = torch.zeros(5, 1, law.n_params)
    x = torch.tensor([[0.5], [-1.0], [4.0], [math.nan], [3.0]])
    found = law.log_prob(params, x)
    assert found[:3].tolist() == [-math.inf] * 3
    assert math.isnan(found[3])
    assert math.isfinite(found[4])


def test_gradients_are_finite_wherever_the_network_goes():
    law = Logistics(256)
    params = (1e4 * torch.randn(500, 1, law.n_params, generator=seeded(2))).requires_grad_()
    k = torch.randint(0, 256, (500, 1), generator=seeded(3)).float()
    law.log_prob(params, k).sum().backward()
    assert bool(params.grad.isfinite().all())


def test_the_normal_likelihood_is_torchs():
    law = Normal((3, 2, 2))
    x = 5 + 2 * torch.randn(50, 3, 2, 2, generator=seeded(4))
    law.initialize(x, None)
    law.log_scale.data.copy_(torch.tensor([-1.0, 0.0, 0.5])[:, None, None])
    params = torch.randn(50, 3, 2, 2, 1, generator=seeded(5))
    exact = torch.distributions.Normal(law.mean(params), law.scale).log_prob(x).flatten(1).sum(1)
    assert torch.allclose(law.log_prob(params, x), exact, rtol=1e-5)
    assert law.scaled(x).mean((0, 2, 3)).abs().max() < 1e-5
