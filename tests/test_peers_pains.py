"""What users of other libraries suffered from: each a test for ever, named after the pain."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward import kernels
from pushforward.distributions import Normal, Uniform
from pushforward.flow import Flow
from pushforward.transforms import Coupling, Exp, Permutation, Planar
from pushforward.transforms.registry import perturb
from specimens import seeded

# The recipe of typed columns is no smooth map of real numbers: its own tests are elsewhere.
RECIPES = pytest.mark.parametrize(
    "recipe", [r for r in pf.flows.vector_recipes() if r != "columns"]
)


def perturbed(recipe: str, features: int, **options: object) -> Flow:
    if recipe not in ("planar", "radial", "sylvester", "stack"):  # which have no networks to size
        options["hidden"] = (8,)
    if recipe == "triangular":
        options["tail"] = 50.0  # else a difference quotient meets slopes of 10⁵
    if recipe != "stack":
        options["layers"] = 3
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.flows.RECIPES[recipe](features, **options)
    perturb(flow, seeded(0))
    return flow


@RECIPES
def test_nan_while_training_on_wild_data(recipe: str) -> None:
    """normalizing-flows #73 #69, bayesflow #23 #227: outliers at 1e4 and a large step."""
    flow = perturbed(recipe, 2)
    x = torch.randn(64, 2, generator=seeded(1))
    x[0], x[1] = 1e4, torch.tensor([-1e4, 1e4])
    optimiser = torch.optim.Adam(flow.parameters(), lr=1e-1)
    for _ in range(10):
        optimiser.zero_grad()
        nll = -flow.log_prob(x).mean()
        assert nll.isfinite()
        nll.backward()
        assert all(p.grad.isfinite().all() for p in flow.parameters() if p.grad is not None)
        optimiser.step()


def test_samples_outside_the_support() -> None:
    """sbi #440 #741 #1372: support by construction, -inf outside, never NaN, no rejection."""
    flow = Flow(Normal(2), [Coupling(2, hidden=(4,)), Exp()])
    perturb(flow, seeded(0))
    assert (flow.sample((10_000,)) > 0).all()
    assert flow.log_prob(torch.tensor([[-1.0, 1.0], [0.0, 1.0]])).tolist() == [-math.inf, -math.inf]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
def test_spline_nan_gradients_through_where(wiring: str, dtype: torch.dtype) -> None:
    """nflows #23 #62 #87, pyro #3139, flowjax #239, bayesflow #721."""
    flow = perturbed("nsf", 3, wiring=wiring).to(dtype)
    for size in (5.0, 1e4, 1e30 if dtype == torch.float64 else 1e15):
        for x in (torch.full((8, 3), size), torch.full((8, 3), -size), size * torch.eye(3)):
            x = x.to(dtype).requires_grad_()
            log_prob = flow.log_prob(x)
            gradients = torch.autograd.grad(log_prob.sum(), [x, *flow.parameters()])
            assert log_prob.isfinite().all()
            assert all(g.isfinite().all() for g in gradients)


@RECIPES
def test_a_gradient_through_the_slow_direction_is_right(recipe: str) -> None:
    """zuko #55, flowjax #102 #176: the inverse's gradient was silently wrong."""
    flow = perturbed(recipe, 3).double()
    z = torch.randn(2, 3, generator=seeded(1)).double().requires_grad_()
    x = flow.decode(z).detach().requires_grad_()
    assert torch.autograd.gradcheck(flow.decode, z)
    assert torch.autograd.gradcheck(flow.encode, x)
    assert torch.autograd.gradcheck(flow.log_prob, x)


@RECIPES
def test_conditioning_is_missing(recipe: str) -> None:
    """normalizing-flows #9 #41, tfp #849, FrEIA #163: each density depends on its context."""
    flow = perturbed(recipe, 2, context_features=1)
    x = torch.zeros(1, 2)
    scores = [flow.log_prob(x, torch.full((1, 1), c)).item() for c in (-1.0, 0.0, 1.0)]
    assert len(set(scores)) == 3


@RECIPES
def test_shapes_with_context(recipe: str) -> None:
    """nflows #60: sample((n,), context) is (n, *context_batch, *event), as torch has it."""
    flow = perturbed(recipe, 2, context_features=1)
    x, log_prob = flow.sample_and_log_prob((7,), torch.randn(3, 5, 1))
    assert x.shape == (7, 3, 5, 2)
    assert log_prob.shape == (7, 3, 5)


@pytest.mark.parametrize("recipe", ["maf", "nsf"])
def test_autoregressive_sampling_repeats_the_network_for_each_feature(
    recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nflows #54 (30 minutes for 10⁴ samples): here every hidden unit is computed once."""
    from pushforward.nets.mlp import ACTIVATIONS

    computed = 0

    def counting(value: Tensor) -> Tensor:
        nonlocal computed
        computed += value.numel()
        return value.relu()

    monkeypatch.setitem(ACTIVATIONS, "relu", counting)
    flow = pf.flows.RECIPES[recipe](20, layers=2, hidden=(32, 32))
    with kernels.plain():  # the compiled walk does the same, and cannot be watched
        flow.sample((16,))
    assert computed == 2 * (32 + 32) * 16


@RECIPES
def test_data_of_one_dimension_fail(recipe: str) -> None:
    """nflows #73, normalizing-flows #58 #75, flowjax #147."""
    flow = perturbed(recipe, 1)
    x = flow.sample((50,))
    assert x.shape == (50, 1)
    assert flow.log_prob(x).isfinite().all()
    flow.log_prob(x).sum().backward()


@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
def test_a_spline_flow_of_a_thousand_dimensions_takes_minutes_to_build(
    wiring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """zuko #1. What would cost the time is drawing numbers that are then thrown away.

    The last layers hold nearly all parameters and start at zero: none of theirs is drawn.
    """
    drawn = 0
    original = torch.Tensor.uniform_

    def counting(tensor: Tensor, *args: float, **kwargs: object) -> Tensor:
        nonlocal drawn
        drawn += tensor.numel() * (tensor.device.type != "meta")
        return original(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "uniform_", counting)
    flow = pf.flows.nsf(1000, wiring=wiring, layers=2, hidden=(64,))
    total = sum(p.numel() for p in flow.parameters())
    assert 0 < drawn < 0.1 * total
    assert total < 1.2 * 2 * (1000 * 64 + 64 * 23 * 1000 + 23 * 1000)


@RECIPES
def test_an_inverse_is_absent(recipe: str) -> None:
    """pyro #1993 #3235: both directions, always."""
    flow = perturbed(recipe, 3).double()
    z = torch.randn(5, 3, generator=seeded(1)).double()
    torch.testing.assert_close(flow.encode(flow.decode(z)), z, atol=1e-10, rtol=0)


def test_the_scaling_of_data_is_forgotten() -> None:
    """sbi #346: the scaler is inside, so that a density is in the user's own units."""
    x = 1e3 * torch.randn(1000, 2, generator=seeded(0)) + 1e5
    flow = pf.flows.maf(2, layers=2, hidden=(4,))
    flow.initialize(x)
    wanted = -2 * math.log(1e3) - math.log(2 * math.pi) - 1
    assert flow.log_prob(x).mean().item() == pytest.approx(wanted, abs=0.1)


def test_a_negative_loss_is_no_error() -> None:
    """nflows #22 #76: a density may exceed one, and its NLL then is below zero."""
    flow = Flow(Uniform(2, 0.0, 0.01), Permutation([1, 0]))
    assert -flow.log_prob(torch.tensor([[0.005, 0.005]])).item() == pytest.approx(-4 * math.log(10))


def test_a_planar_flow_stops_being_invertible() -> None:
    """The map folds where w·u < -1; here no parameter can bring it there."""
    layer = Planar(1).double()
    with torch.no_grad():
        layer.w.fill_(1.0)
        layer.u.fill_(-50.0)
    z = torch.linspace(-5, 5, 1001, dtype=torch.float64)[:, None]
    assert (layer.forward(z)[0].diff(dim=0) > 0).all()
