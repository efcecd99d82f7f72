"""Layers that draw noise: what they promise on average, and what for every draw."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward import Flow
from pushforward.constraints import Interval
from pushforward.diagnostics import properties
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError
from pushforward.transforms import Affine, Compose, Inverse
from pushforward.transforms.image import (
    Dequantize,
    Reshape,
    VariationalDequantize,
    logit_pixels,
)
from pushforward.transforms.image.dequantize import Dequantization
from pushforward.transforms.image.registry import NOISES
from pushforward.transforms.registry import perturb
from specimens import seeded

SHAPE, CONTEXT, DRAWS = (2, 1, 2), 3, 20_000
ALL = pytest.mark.parametrize("name", NOISES)


def made(
    name: str, context_features: int = 0, dtype: torch.dtype = torch.float64
) -> Dequantization:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = NOISES[name](context_features)
    perturb(layer, seeded(0))
    layer.generator = seeded(7)
    return layer.to(dtype)


def whole(*batch: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randint(4, (*batch, *SHAPE), generator=seeded(1)).to(dtype)


def normal_flow(layer: Dequantization) -> Flow:
    """z ~ N(2, 1.5²) for every number, rounded down."""
    return Flow(Normal(4).double(), [Reshape((4,), SHAPE), Affine(2.0, 1.5), layer])


def probability(x: Tensor) -> Tensor:
    """log P(x) of that flow without noise, exactly: of the mass within [x, x + 1)."""
    cdf = torch.distributions.Normal(2.0, 1.5).cdf
    return (cdf(x + 1) - cdf(x)).log().flatten(-3).sum(-1)


def log_q_error(name: str, factor: float, context_features: int = 0) -> Tensor:
    """|log q - (log N(ε) - log|det du/dε|)| of 8 images, the Jacobian by automatic differentiation.

    The noise that a layer asks for is put into its hands.
    """
    layer, x = made(name, context_features), whole(8)
    context = torch.ones(8, CONTEXT).double() if layer.context_features else None
    noise = layer.noise(x, normal=True)
    if name == "Dequantize":
        return layer.inverse(x)[1].abs()

    def drawn(noise: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        layer.noise = lambda *_, **__: noise
        z, log_det = layer.inverse(x, context)
        return z, log_det

    matrix = properties.jacobian(drawn, noise, context)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(noise).flatten(1).sum(1)
    wanted = torch.linalg.slogdet(matrix).logabsdet - normal
    return (factor * drawn(noise, context)[1] - wanted).abs()


@ALL
@pytest.mark.parametrize("context_features", [0, CONTEXT])
def test_the_log_det_is_that_of_the_noise(name: str, context_features: int) -> None:
    assert log_q_error(name, 1.0, context_features).max() <= properties.LOG_DET_BAR


@ALL
@pytest.mark.parametrize("factor", [0.0, -1.0, 2.0])
def test_a_wrong_log_det_is_caught(name: str, factor: float) -> None:
    """But for uniform noise, whose log-det is zero."""
    caught = log_q_error(name, factor).max() > properties.LOG_DET_BAR
    assert bool(caught) == (name != "Dequantize")


@ALL
def test_the_mean_over_draws_is_a_bound(name: str) -> None:
    flow, x = normal_flow(made(name)), whole(3)
    with torch.no_grad():
        log_prob = flow.log_prob(x.expand(DRAWS, *x.shape))
    assert (log_prob.mean(0) < probability(x)).all()
    if name == "Dequantize":  # log p(z) is bounded: the mean of its exponential tells P(x) itself
        ratio = (log_prob - probability(x)).exp()
        assert ((ratio.mean(0) - 1).abs() <= 4 * ratio.std(0) / DRAWS**0.5).all()


def test_noise_adds_up_to_one() -> None:
    """∫q(u|x) du = 1, from uniform u, within 4 standard errors: seeded, else 1 in 10⁴ by chance."""
    layer = made("VariationalDequantize")
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(0.5)  # a narrow q would be met by few uniform draws
        x = whole(3).expand(DRAWS, 3, *SHAPE)
        q = layer.forward(x + torch.rand(x.shape, generator=seeded(8)).double())[1].exp()
    assert ((q.mean(0) - 1).abs() <= 4 * q.std(0) / DRAWS**0.5).all()


@ALL
def test_both_ways_tell_the_same_log_det(name: str) -> None:
    layer, x = made(name), whole(50)
    z, log_det = layer.inverse(x)
    again, other = layer.forward(z)
    assert torch.equal(again, x)
    torch.testing.assert_close(other, -log_det, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [4, 256])
def test_noise_never_reaches_the_next_number(levels: int, dtype: torch.dtype) -> None:
    layer = Dequantize(levels, seeded(0))
    x = torch.full((1, 1000, 100), levels - 1.0, dtype=dtype)
    layer.noise = lambda like: torch.full_like(like, 1 - 1e-9)
    z, _ = layer.inverse(x)
    assert torch.equal(layer.forward(z)[0], x)


@ALL
@pytest.mark.parametrize("context_features", [0, CONTEXT])
def test_shapes_and_types(name: str, context_features: int) -> None:
    for dtype in (torch.float32, torch.float64):
        layer = made(name, context_features, dtype)
        for batch in ((), (0,), (3,), (2, 3)):
            context = torch.ones(*batch, CONTEXT, dtype=dtype)
            x = whole(*batch, dtype=dtype)
            for function in (layer.inverse, layer.forward):
                value, log_det = function(x, context)
                assert value.shape == x.shape
                assert log_det.shape == batch
                assert value.dtype == log_det.dtype == dtype


@ALL
def test_what_is_no_whole_number_has_no_probability(name: str) -> None:
    layer, x = made(name), whole(6)
    x[0, 0, 0, 0], x[1, 1, 0, 1], x[2, 0, 0, 0], x[3, 0, 0, 0] = -1.0, 4.0, 1.5, math.nan
    flow = normal_flow(layer)
    log_prob = flow.log_prob(x)
    assert (log_prob[:3] == -math.inf).all()
    assert log_prob[3].isnan()
    assert log_prob[4:].isfinite().all()
    assert layer.inverse(x)[0][:3].isfinite().all()
    x[3] = x[4]
    assert properties.score_gradients(flow.log_prob, x, None, flow.parameters()) == 0


@ALL
def test_a_generator_decides_the_draw(name: str) -> None:
    layer, x = made(name), whole(5)
    layer.generator = seeded(3)
    one = layer.inverse(x)[0]
    layer.generator = seeded(3)
    assert torch.equal(layer.inverse(x)[0], one)
    assert not torch.equal(layer.inverse(x)[0], one)


@ALL
def test_it_is_a_bound_and_has_no_inverse_map(name: str) -> None:
    layer = made(name)
    assert normal_flow(layer).kind == "bound"
    assert layer.codomain == Interval(0.0, 3.0, closed=True)
    with pytest.raises(ConfigurationError, match="has no inverse map"):
        Inverse(layer)


def test_learned_noise_brings_the_bound_closer() -> None:
    """Its gap to log P(x) after some steps is below that of uniform noise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = VariationalDequantize(2, 4, hidden=(8, 8), generator=seeded(0)).double()
    flow = normal_flow(layer)
    flow.transform.layers[1] = Affine(2.0, 0.5)  # most of the mass of a step is at one end of it
    optimiser = torch.optim.Adam(flow.parameters(), lr=2e-2)
    x = whole(256)
    for _ in range(60):
        optimiser.zero_grad()
        (-flow.log_prob(x).mean()).backward()
        optimiser.step()
    uniform = Flow(flow.base, [*list(flow.transform)[:2], Dequantize(4, seeded(0))])
    assert flow.log_prob(x).mean() > uniform.log_prob(x).mean() + 0.1


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_the_logit_of_pixels_has_an_exact_log_det(alpha: float) -> None:
    layer = Compose(logit_pixels(256, alpha), event_ndim=1)
    x = torch.tensor([[0.5, 100.0, 255.5], [1.0, 2.0, 3.0]]).double()
    assert properties.log_det_error(layer.inverse, x).max() <= properties.LOG_DET_BAR
    torch.testing.assert_close(layer.inverse(x)[0], torch.logit(alpha + (1 - 2 * alpha) * x / 256))


@pytest.mark.parametrize("alpha", [-0.1, 0.5])
def test_an_impossible_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(ConfigurationError, match="and below 0"):
        logit_pixels(256, alpha)


@pytest.mark.parametrize("levels", [1, 2.5, True])
def test_impossible_levels_are_refused(levels: object) -> None:
    with pytest.raises(ConfigurationError, match="levels must be a whole number of at least 2"):
        Dequantize(levels)


def test_several_couplings_of_one_channel_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="1 for images of one channel, but is 2"):
        VariationalDequantize(1, layers=2)
