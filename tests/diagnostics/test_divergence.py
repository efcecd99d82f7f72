"""KL(q‖p) by quadrature, and the normalisers of the energies."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward import Flow
from pushforward.diagnostics.divergence import kl_by_quadrature, log_integral
from pushforward.distributions import Normal, Uniform
from pushforward.distributions.energies import ENERGIES, energy
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flows import planar
from pushforward.training import importance
from pushforward.transforms import Affine
from pushforward.transforms.registry import perturb


@pytest.mark.parametrize("name", ENERGIES)
def test_the_energies_are_normalised(name: str) -> None:
    target = energy(name)
    edge = torch.full((2,), target.reach).double()
    assert log_integral(target, -edge, edge, 192) == pytest.approx(0, abs=1e-9)
    assert log_integral(target, -1.2 * edge, 1.2 * edge, 192) == pytest.approx(0, abs=1e-6)


def test_the_energies_are_those_of_the_paper() -> None:
    z = torch.tensor([0.7, -1.1]).double()
    w1, w2 = math.sin(2 * math.pi * 0.7 / 4), 3 * math.exp(-0.5 * ((0.7 - 1) / 0.6) ** 2)
    w3 = 3 / (1 + math.exp(-(0.7 - 1) / 0.3))
    r = math.hypot(0.7, 1.1)

    def bell(value: float, width: float) -> float:
        return math.exp(-0.5 * (value / width) ** 2)

    known = {
        "u1": 0.5 * ((r - 2) / 0.4) ** 2 - math.log(bell(0.7 - 2, 0.6) + bell(0.7 + 2, 0.6)),
        "u2": 0.5 * ((-1.1 - w1) / 0.4) ** 2,
        "u3": -math.log(bell(-1.1 - w1, 0.35) + bell(-1.1 - w1 + w2, 0.35)),
        "u4": -math.log(bell(-1.1 - w1, 0.4) + bell(-1.1 - w1 + w3, 0.35)),
    }
    for name, value in known.items():
        assert energy(name).potential(z).item() == pytest.approx(value)
        inside = torch.tensor([4.0, 0.0]).double()
        outside = torch.tensor([4.3, 0.0]).double()
        assert energy(name)(outside) < energy(name)(inside) - 4  # the wall: ½·3² = 4.5 nats


def test_a_normal_against_a_normal() -> None:
    flow = Flow(Normal(2).double(), Affine(0.5, 1.5))

    def target(x: Tensor) -> Tensor:
        return -0.5 * (x / 2).square().sum(-1)

    found = kl_by_quadrature(flow, target, reach=16.0)
    known = 2 * (math.log(2 / 1.5) + (1.5**2 + 0.5**2) / 8 - 0.5)
    assert found.kl == pytest.approx(known, abs=1e-8)
    assert found.log_normaliser == pytest.approx(math.log(8 * math.pi))
    assert found.mass == pytest.approx(1, abs=1e-9)


def test_a_uniform_against_a_normal() -> None:
    """A bounded base, whose reverse divergence is finite."""
    found = kl_by_quadrature(
        Flow(Uniform(2, -1.0, 1.0).double()), lambda x: -0.5 * x.square().sum(-1)
    )
    assert found.kl == pytest.approx(math.log(2 * math.pi) - 2 * math.log(2) + 1 / 3, abs=1e-10)


def test_quadrature_and_importance_weights_agree() -> None:
    torch.manual_seed(0)
    flow = planar(2, layers=3, scaler="none")
    perturb(flow, torch.Generator().manual_seed(0))
    flow, target = flow.double(), energy("four_modes")
    found = kl_by_quadrature(flow, target)
    drawn = importance(flow, target, draws=40_000)
    assert found.error < 1e-3
    assert abs(found.kl + drawn.elbo) < 4 * drawn.elbo_error  # log Z is 0


def test_what_cannot_be_summed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\(3,\)"):
        kl_by_quadrature(Flow(Normal(3)), lambda x: x.sum(-1))
    with pytest.raises(ConfigurationError, match="most_cells"):
        kl_by_quadrature(Flow(Normal(2)), lambda x: x.sum(-1), most_cells=10)
    with pytest.raises(ConfigurationError, match="'u5'"):
        energy("u5")
    with pytest.raises(ShapeError, match="plane"):
        energy("u1")(torch.zeros(3))
