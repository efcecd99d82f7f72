"""Changes of variables of one number: the lecture's examples, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from pushforward import Flow
from pushforward.constraints import Interval, positive, real, unit
from pushforward.distributions import Normal, Uniform
from pushforward.errors import ConfigurationError
from pushforward.transforms import Monotone
from pushforward.univariate.chart import from_line, root_within

Function = Callable[[Tensor], Tensor]
CLOSED = Interval(0.0, 2.0, closed=True)


def softplus(z: Tensor) -> Tensor:
    return torch.logaddexp(z, torch.zeros_like(z))


RISING_AND_FALLING: dict[str, tuple[Function, Interval]] = {
    "cubic": (lambda z: z + z**3, real),
    "falling cubic": (lambda z: 5 - z - z**3, real),
    "exp": (torch.exp, real),
    "falling exp": (lambda z: (-z).exp(), real),
    "softplus": (softplus, real),
    "atan": (torch.atan, real),
    "erf": (torch.erf, real),
    "logarithm": (torch.log, positive),
    "reciprocal": (lambda z: 1 / z, positive),
    "quantile": (torch.logit, unit),
    "square on [0, 2]": (torch.square, CLOSED),
    "wavy": (lambda z: z + 0.9 * z.sin(), real),
}
EVERY = pytest.mark.parametrize("name", RISING_AND_FALLING)


def made(name: str) -> tuple[Monotone, Tensor]:
    """The map from the function alone, and 101 points of its domain."""
    function, domain = RISING_AND_FALLING[name]
    z = from_line(torch.linspace(-2, 2, 101, dtype=torch.float64), domain)[0]
    return Monotone(function, domain=domain), z


@EVERY
def test_the_inverse_is_found_and_agrees_with_automatic_differentiation(name: str) -> None:
    layer, z = made(name)
    x, log_det = layer.forward(z)
    back = x.detach().requires_grad_()
    found, inverse_log_det = layer.inverse(back)
    slope = torch.autograd.functional.jacobian(layer.function, z).diagonal().abs()
    assert ((found - z).abs() <= 1e-13 * (1 + z.abs() + x.abs() / slope)).all()
    assert (log_det - slope.log()).abs().max() <= 1e-12
    assert (log_det + inverse_log_det).abs().max() <= 1e-10
    (gradient,) = torch.autograd.grad(found.sum(), back)
    assert (gradient.abs().log() - inverse_log_det).abs().max() <= 1e-8
    assert layer.kind == "numerical"
    assert layer.cheap == {"forward"}


@EVERY
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    layer, z = made(name)
    z = z[20:81:20].clone().requires_grad_()
    assert torch.autograd.gradcheck(layer.forward, z)
    assert torch.autograd.gradcheck(layer.inverse, layer.forward(z)[0].detach().requires_grad_())


@EVERY
def test_single_precision(name: str) -> None:
    layer, z = made(name)
    z = z[10:91].float()
    x, log_det = layer.forward(z)
    found, inverse_log_det = layer.inverse(x)
    assert found.dtype == inverse_log_det.dtype == torch.float32
    slope = log_det.exp()
    assert ((found - z).abs() <= 32 * 1.2e-7 * (1 + z.abs() + (1 + x.abs()) / slope)).all()


def test_roots_of_every_size() -> None:
    for function in (lambda z: z, lambda z: -z.sinh(), torch.nn.functional.softsign):
        layer = Monotone(function)
        z = torch.tensor([1e-20, 1e-9, 1e-3, 0.5, 3.0], dtype=torch.float64)
        z = torch.cat([-z, torch.zeros(1, dtype=torch.float64), z])
        found = layer.inverse(layer.forward(z)[0])[0]
        assert ((found - z).abs() <= 1e-14 * z.abs()).all()
    far = torch.tensor([1e-200, 1e-9, 1e200], dtype=torch.float64)
    assert (Monotone(torch.exp).inverse(far)[0] - far.log()).abs().max() <= 1e-12


def test_a_known_inverse_and_derivative_are_used() -> None:
    layer = Monotone(lambda z: 4 * z, lambda x: x / 4, lambda z: torch.full_like(z, 4.0))
    assert (layer.kind, layer.cheap) == ("exact", {"forward", "inverse"})
    z, log_det = layer.inverse(torch.tensor([8.0]))
    assert z.item() == 2.0
    assert log_det.item() == pytest.approx(-math.log(4.0))


def test_row_12_the_density_of_4z_is_an_eighth_at_4() -> None:
    flow = Flow(Uniform(1, 0.0, 2.0).double(), Monotone(lambda z: 4 * z))
    assert flow.log_prob(torch.tensor([4.0]).double()).exp().item() == pytest.approx(0.125, 1e-14)
    x = torch.linspace(1e-3, 8 - 1e-3, 1000).double()[:, None]
    assert (flow.log_prob(x).exp() - 0.125).abs().max() <= 1e-12
    assert (flow.log_prob(torch.tensor([[-0.1], [8.1]]).double()) == -math.inf).all()
    assert flow.support == Interval(0.0, 8.0, closed=True)


def test_row_13_an_affine_map_halves_the_density() -> None:
    base = Normal(1).double()
    flow = Flow(base, Monotone(lambda x: 2 * x + 1))
    y = torch.linspace(-9, 11, 1000).double()[:, None]
    known = 0.5 * base.log_prob((y - 1) / 2).exp()
    assert (flow.log_prob(y).exp() - known).abs().max() <= 1e-12


@pytest.mark.parametrize("inverse", [torch.log, None], ids=["known inverse", "root"])
def test_row_15_exp_of_a_uniform(inverse: Function | None) -> None:
    flow = Flow(Uniform(1, 0.0, 2.0).double(), Monotone(torch.exp, inverse))
    x = torch.linspace(1, math.e**2, 1002).double()[1:-1, None]
    assert (flow.log_prob(x).exp() - 1 / (2 * x[:, 0])).abs().max() <= 1e-12
    outside = torch.tensor([[-1.0], [0.0], [0.99], [7.4], [1e9]]).double()
    assert (flow.log_prob(outside) == -math.inf).all()
    assert flow.support == Interval(1.0, math.exp(2.0), closed=True)


def test_row_14_a_falling_map() -> None:
    flow = Flow(Normal(1).double(), Monotone(lambda z: (-z).exp()))  # log-normal again
    x = torch.linspace(0.01, 20, 1000).double()[:, None]
    known = Normal(1).double().log_prob(x.log()) - x[:, 0].log()
    assert (flow.log_prob(x) - known).abs().max() <= 1e-11


def test_outside_the_codomain_the_density_is_zero_and_the_gradient_finite() -> None:
    for layer in (Monotone(torch.exp), Monotone(torch.atan), Monotone(torch.exp, torch.log)):
        x = torch.tensor([-2.0, 0.0, 1.0, 2.0, 1e300], requires_grad=True, dtype=torch.float64)
        z, log_det = layer.inverse(x)
        outside = ~layer.codomain.contains(x)
        assert z.isfinite().all()
        assert ((log_det == -math.inf) == outside).all()
        (gradient,) = torch.autograd.grad(z.sum() + log_det.sum(), x)
        assert gradient.isfinite().all()


def test_a_nan_stays_visible() -> None:
    for layer in (Monotone(lambda z: z + z**3), Monotone(torch.exp, torch.log)):
        z, log_det = layer.inverse(torch.tensor([math.nan, 1.0]))
        assert z.isnan().tolist() == log_det.isnan().tolist() == [True, False]


def test_a_slope_of_zero_is_finite() -> None:
    z, log_det = Monotone(lambda z: z**3).inverse(torch.zeros(1).double())
    assert z.abs().item() <= 1e-12
    assert log_det.isfinite().all()


def test_a_module_trains() -> None:
    class Steep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_slope = nn.Parameter(torch.zeros(()))

        def forward(self, z: Tensor) -> Tensor:
            return self.log_slope.exp() * (z + z**3)

    flow = Flow(Normal(1), Monotone(Steep()))
    (-flow.log_prob(torch.tensor([[4.0]])).sum()).backward()
    (gradient,) = (p.grad for p in flow.parameters())
    h, x, value = 1e-4, torch.tensor([[4.0]], dtype=torch.float64), []
    for shift in (h, -h):
        shifted = Flow(Normal(1), Monotone(Steep())).double()
        next(shifted.parameters()).data.fill_(shift)
        value.append(-shifted.log_prob(x).item())
    assert gradient is not None
    assert gradient.item() == pytest.approx((value[0] - value[1]) / (2 * h), rel=1e-4)


@pytest.mark.parametrize(
    ("function", "domain", "words"),
    [
        (torch.square, real, "square falls at -1 and rises at 1"),
        (torch.sin, real, "sin falls at .* and rises at"),
        (torch.relu, real, "relu is constant from -.* to 0"),
        (lambda z: z.clamp(-1, 1), real, "The function is constant from -800 to -1 on"),
        (lambda z: torch.where(z.abs() < 1, 0.0, z), real, "constant from -0.9375 to 0.9375"),
        (lambda z: 0 * z, unit, "is constant from"),
        (torch.log, real, "is not a number at .*the real line"),
        (lambda z: z.softmax(-1), real, "not elementwise"),
        (lambda z: (z - 0.5) ** 2, unit, r"falls at 0.25 and rises at 0.75 on \(0, 1\)"),
    ],
)
def test_what_is_not_monotone_is_refused(function: Function, domain: Interval, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Monotone(function, domain=domain)


def test_an_inverse_that_does_not_undo_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"does not undo exp: f\(-0.5\)"):
        Monotone(torch.exp, torch.exp)


def test_a_function_that_torch_cannot_differentiate_is_told_apart() -> None:
    layer = Monotone(lambda z: z.detach() * 2)
    with pytest.raises(ConfigurationError, match="derivative="):
        layer.forward(torch.zeros(1))


def test_a_root_outside_the_range_ends_at_the_edge() -> None:
    like = torch.zeros(1).double()
    assert root_within(lambda x: (x - 5, torch.ones_like(x)), unit, like).item() < 1
    assert root_within(lambda x: (x + 5, torch.ones_like(x)), unit, like).item() > 0
