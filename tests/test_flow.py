"""The flow itself: known truths, shapes, steps, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward.distributions import Normal, Uniform
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.nets import ContextScaler
from pushforward.transforms import (
    Affine,
    Autoregressive,
    Compose,
    Coupling,
    Exp,
    Inverse,
    LULinear,
    Planar,
    Sigmoid,
    Transform,
)
from pushforward.transforms.registry import perturb
from specimens import seeded


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def mixed_flow(context_features: int = 0) -> Flow:
    """Layers of several kinds, in float64, away from the identity."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers: list[Transform] = [
            Coupling(2, hidden=(6,), context_features=context_features),
            LULinear(2),
            Autoregressive(2, hidden=(6,), context_features=context_features),
            Affine(1.0, 0.5),
            Exp(),
        ]
        flow = Flow(Normal(2), layers).double()
    perturb(flow, seeded(0))
    return flow


# Known truths (the lecture's examples), to 1e-12 in float64


def test_four_times_a_uniform_has_density_one_eighth() -> None:
    """Z ~ U[0, 2], X = 4Z: P_X(4) = 1/8, and not P_Z(1) = 1/2. An interval keeps its mass."""
    flow = Flow(Uniform(1, 0.0, 2.0), Affine(0.0, 4.0)).double()
    x = column(1e-9, 4.0, 7.999, -0.001, 8.001)
    torch.testing.assert_close(
        flow.log_prob(x).exp(), torch.tensor([0.125] * 3 + [0.0] * 2).double(), rtol=0, atol=1e-12
    )
    assert (flow.log_prob(x[3:]) == -math.inf).all()
    assert (flow.support.low, flow.support.high) == (0.0, 8.0)


@pytest.mark.parametrize("base", [Normal(1), Uniform(1, -1.0, 2.0)], ids=["normal", "uniform"])
def test_an_affine_map_halves_the_density(base: pf.distributions.Distribution) -> None:
    """Y = 2X + 1: P_Y(y) = ½ P_X((y - 1)/2)."""
    flow = Flow(base, Affine(1.0, 2.0)).double()
    y = column(-0.5, 0.0, 1.0, 2.5, 4.9)
    wanted = 0.5 * base.log_prob((y - 1) / 2).exp()
    torch.testing.assert_close(flow.log_prob(y).exp(), wanted, rtol=0, atol=1e-12)


def test_the_exponential_of_a_uniform_has_density_one_over_two_x() -> None:
    """Z ~ U[0, 2], X = exp(Z): P_X(x) = 1/(2x) on [1, e²], and zero outside."""
    flow = Flow(Uniform(1, 0.0, 2.0), Exp()).double()
    x = column(1.0, 1.5, 4.0, 7.389)
    torch.testing.assert_close(flow.log_prob(x).exp(), 1 / (2 * x[:, 0]), rtol=0, atol=1e-12)
    outside = column(-3.0, 0.0, 0.999, 7.39, 1e300, math.inf)
    assert (flow.log_prob(outside) == -math.inf).all()


@pytest.mark.parametrize("scale", [3.0, -3.0], ids=["rising", "falling"])
def test_a_monotone_map_of_either_direction(scale: float) -> None:
    """P_X(x) = P_Z(h(x))·|h'(x)| with h = logit/scale."""
    flow = Flow(Normal(1), [Affine(0.0, scale), Sigmoid()]).double()
    x = column(0.1, 0.5, 0.93)
    h, slope = (x / (1 - x)).log() / scale, 1 / (abs(scale) * x * (1 - x))
    wanted = (-0.5 * h.square()).exp() / math.sqrt(2 * math.pi) * slope
    torch.testing.assert_close(flow.log_prob(x).exp(), wanted[:, 0], rtol=1e-12, atol=1e-12)


def test_a_linear_map_has_the_density_of_its_covariance() -> None:
    """P_X(x) = P_Z(A⁻¹x)/|det A|: a normal with covariance A·Aᵀ."""
    layer = LULinear(3).double()
    perturb(layer, seeded(1))
    lower, upper = (f.detach() for f in layer.factors())
    matrix = lower @ upper
    x = torch.randn(5, 3, generator=seeded(2)).double()
    wanted = torch.distributions.MultivariateNormal(layer.bias.detach(), matrix @ matrix.t())
    found = Flow(Normal(3).double(), layer).log_prob(x)
    torch.testing.assert_close(found, wanted.log_prob(x), rtol=0, atol=1e-12)


def test_an_interval_keeps_its_mass() -> None:
    """Pr{a < Z < b} = Pr{f(a) < X < f(b)}, counted on samples."""
    flow = mixed_flow().upto(3)
    z = flow.base.sample((1000,), generator=seeded(3))
    x = flow.decode(z)
    torch.testing.assert_close(flow.encode(x), z, atol=1e-10, rtol=0)


# Terms, steps, upto


@pytest.mark.parametrize("context_features", [0, 3])
def test_steps_from_either_end_agree(context_features: int) -> None:
    flow = mixed_flow(context_features)
    z = torch.randn(6, 2, generator=seeded(1)).double()
    context = torch.randn(6, 3, generator=seeded(2)).double() if context_features else None
    there = flow.steps(z=z, context=context)
    back = flow.steps(x=there[-1].value, context=context)
    names = ["base", "Coupling", "LULinear", "Autoregressive", "Affine", "Exp"]
    assert [s.name for s in there] == [s.name for s in back] == names
    for a, b in zip(there, back, strict=True):
        for field in ("value", "log_det", "log_prob"):
            torch.testing.assert_close(getattr(a, field), getattr(b, field), atol=1e-10, rtol=0)
    x = there[-1].value
    torch.testing.assert_close(there[-1].log_prob, flow.log_prob(x, context), atol=1e-10, rtol=0)
    torch.testing.assert_close(x, flow.decode(z, context))


def test_upto_is_the_density_after_each_step() -> None:
    flow = mixed_flow()
    z = torch.randn(6, 2, generator=seeded(1)).double()
    for k, step in enumerate(flow.steps(z=z)):
        part = flow.upto(k)
        assert len(part) == k
        torch.testing.assert_close(part.log_prob(step.value), step.log_prob, atol=1e-10, rtol=0)
        assert all(a is b for a, b in zip(part.transform, flow.transform, strict=False))
    for k in (-1, 6):
        with pytest.raises(ConfigurationError, match=rf"5 transforms; upto\({k}\)"):
            flow.upto(k)


def test_steps_outside_the_support_keep_their_density_of_zero() -> None:
    flow = mixed_flow()
    x = torch.tensor([[1.0, 2.0], [-1.0, 2.0], [math.inf, 1.0]]).double()
    steps = flow.steps(x=x)
    assert torch.equal(steps[-1].value, x)
    torch.testing.assert_close(steps[-1].log_prob, flow.log_prob(x))
    assert steps[-1].log_prob[1:].tolist() == [-math.inf, -math.inf]
    assert all(not step.log_prob.isnan().any() for step in steps)
    assert flow.encode(x).isfinite().all()


def test_steps_take_one_end() -> None:
    for given in ({}, {"x": torch.zeros(2), "z": torch.zeros(2)}):
        with pytest.raises(ConfigurationError, match="one of the two"):
            mixed_flow().steps(**given)


def test_the_two_terms_add_up() -> None:
    flow = mixed_flow()
    x = flow.sample((7,))
    prior, log_det = flow.terms(x)
    assert torch.equal(prior + log_det, flow.log_prob(x))
    torch.testing.assert_close(prior, flow.base.log_prob(flow.encode(x)), atol=1e-10, rtol=0)
    assert torch.equal(flow(x), flow.log_prob(x))  # what DDP, compile and export call


@pytest.mark.parametrize("context_features", [0, 3])
def test_sample_and_log_prob_is_one_pass_and_differentiable(context_features: int) -> None:
    flow = mixed_flow(context_features)
    context = torch.randn(4, 3, generator=seeded(1)).double() if context_features else None
    if context is not None:
        context.requires_grad_()
    x, log_prob = flow.sample_and_log_prob((5,), context, generator=seeded(2))
    assert torch.equal(x, flow.rsample((5,), context, generator=seeded(2)))
    assert torch.equal(x, flow.sample((5,), context, generator=seeded(2)))
    torch.testing.assert_close(flow.log_prob(x, context), log_prob, atol=1e-10, rtol=0)
    gradients = torch.autograd.grad((x.log() - log_prob[..., None]).mean(), [*flow.parameters()])
    assert all(g.isfinite().all() and (g != 0).any() for g in gradients if g.numel())
    assert not flow.sample((5,), context).requires_grad


# Shapes


def test_shapes_follow_torch() -> None:
    flow = mixed_flow(3)
    context = torch.randn(4, 5, 3).double()
    x = flow.sample((6, 7), context)
    assert x.shape == (6, 7, 4, 5, 2)
    assert flow.log_prob(x, context).shape == (6, 7, 4, 5)
    assert flow.log_prob(x, torch.zeros(3).double()).shape == (6, 7, 4, 5)
    assert flow.log_prob(x, context[:1]).shape == (6, 7, 4, 5)
    assert flow.sample((), torch.zeros(3).double()).shape == (2,)
    assert mixed_flow().sample().shape == (2,)


def test_a_broadcast_context_scores_as_the_same_context_repeated() -> None:
    flow = mixed_flow(3)
    context = torch.randn(5, 3, generator=seeded(1)).double()
    x = flow.sample((4,), context)
    each = torch.stack([flow.log_prob(row, context) for row in x])
    torch.testing.assert_close(flow.log_prob(x, context), each, rtol=1e-12, atol=1e-12)


def test_a_score_does_not_depend_on_its_company() -> None:
    """Also for splines in float32, which amplify a rounding: a big file is scored in pieces."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.flows.nsf(3, layers=3, hidden=(32, 32))
        perturb(flow, seeded(1))
    x = flow.sample((100,), generator=seeded(2))
    whole = flow.log_prob(x)
    for size in (1, 3, 37):
        parts = torch.cat([flow.log_prob(part) for part in x.split(size)])
        torch.testing.assert_close(parts, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("context_features", [0, 3])
def test_many_rows_go_in_chunks_and_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch, context_features: int
) -> None:
    flow, n = mixed_flow(context_features), 100
    context = torch.randn(n, 3, generator=seeded(1)).double() if context_features else None
    shape = () if context_features else (n,)
    sizes: list[int] = []
    inverse, forward = flow.transform.inverse, flow.transform.forward

    def results() -> list[Tensor]:
        sizes.clear()
        x, log_prob = flow.sample_and_log_prob(shape, context, seeded(2))
        pair = x.reshape(2, 50, 2), None if context is None else context.reshape(2, 50, 3)
        back = flow.encode(x, context)
        return [x, log_prob, flow.sample(shape, context, seeded(2)), *flow.terms(*pair), back,
                flow.decode(back, context)]  # fmt: skip

    def counted(function: object) -> object:
        def call(value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
            sizes.append(len(value))
            assert context is None or len(context) == len(value)
            return function(value, context)  # type: ignore[operator]

        return call

    monkeypatch.setattr(flow.transform, "inverse", counted(inverse))
    monkeypatch.setattr(flow.transform, "forward", counted(forward))
    with torch.no_grad():
        whole = results()
        assert sizes == [112] * 5  # in company, all at once
        monkeypatch.setattr("pushforward.numerics.CHUNK", 32)
        parts = results()
    assert sizes == [32, 32, 32, 16] * 5
    for one, other in zip(whole, parts, strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    results()
    assert sizes[0] == 112  # with gradients, the graph is there in any case
    with torch.no_grad():
        assert flow.log_prob(whole[0][:0], None if context is None else context[:0]).shape == (0,)


# What it refuses: the message repeats both sides


@pytest.mark.parametrize("way", ["log_prob", "encode", "decode", "steps"])
def test_a_wrong_shape_or_type_is_refused_by_both(way: str) -> None:
    flow = mixed_flow()
    method = getattr(flow, way) if way != "steps" else lambda x: flow.steps(x=x)
    with pytest.raises(ShapeError, match=r"event shape \(2,\).*shape \(5, 3\)"):
        method(torch.zeros(5, 3).double())
    with pytest.raises(ShapeError, match=r"event shape \(2,\).*shape \(\)"):
        method(torch.tensor(1.0).double())
    with pytest.raises(ShapeError, match="float32, but this flow computes in"):
        method(torch.zeros(5, 2))
    with pytest.raises(ShapeError, match="int64, but this flow computes in"):
        method(torch.zeros(5, 2, dtype=torch.long))
    with pytest.raises(ShapeError, match="torch tensor, but is a list"):
        method([[0.0, 0.0]])


def test_a_wrong_context_is_refused_by_both() -> None:
    flow, x = mixed_flow(3), torch.zeros(5, 2).double()
    calls = [
        lambda c: flow.log_prob(x, c),
        lambda c: flow.sample((5,), c),
        lambda c: flow.encode(x, c),
    ]
    for call in calls:
        with pytest.raises(ShapeError, match="context of 3 features, but none was given"):
            call(None)
        with pytest.raises(ShapeError, match=r"context of 3 features.*shape \(5, 4\)"):
            call(torch.zeros(5, 4).double())
        with pytest.raises(ShapeError, match=r"context is torch.float32.*torch.float64"):
            call(torch.zeros(5, 3))
    for call in (calls[0], calls[2]):
        with pytest.raises(ShapeError, match=r"shape \(4, 3\) does not broadcast.*\(5,\)"):
            call(torch.zeros(4, 3).double())
    with pytest.raises(ShapeError, match=r"takes no context.*\(5, 3\)"):
        mixed_flow().log_prob(x, torch.zeros(5, 3).double())


def test_a_base_that_does_not_fit_the_transforms_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the real line"):
        Flow(Normal(1), Inverse(Exp()))
    with pytest.raises(ShapeError, match=r"3 features.*\(2,\)"):
        Flow(Normal(2), LULinear(3))
    Flow(Uniform(1, 1.0, 2.0), Inverse(Exp()))  # a logarithm of positive numbers is fine


# Kind, embedding, initialization


def test_a_flow_is_as_exact_as_its_layers() -> None:
    assert mixed_flow().kind == "exact"
    assert Flow(Normal(2), [Planar(2), LULinear(2)]).kind == "numerical"


def test_the_context_is_embedded_once() -> None:
    calls = 0

    class Counting(ContextScaler):
        def forward(self, context: Tensor) -> Tensor:
            nonlocal calls
            calls += 1
            return super().forward(context)

    layers = [Coupling(2, hidden=(4,), context_features=3) for _ in range(3)]
    flow = Flow(Normal(2), layers, embed=Counting(3))
    flow.log_prob(torch.zeros(5, 2), torch.zeros(5, 3))
    assert calls == 1


def test_initialization_standardizes_data_and_context() -> None:
    generator = seeded(0)
    x = 1e3 + 50 * torch.randn(500, 2, generator=generator)
    context = -7 + 0.01 * torch.randn(500, 1, generator=generator)
    flow = pf.flows.maf(2, layers=2, hidden=(4,), context_features=1)
    flow.initialize(x, context)
    z = flow.encode(x, context)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-3, rtol=0)
    torch.testing.assert_close(z.std(0), torch.ones(2), atol=1e-2, rtol=0)
    embedded = flow.embed(context)  # type: ignore[misc]
    torch.testing.assert_close(embedded.std(), torch.tensor(1.0), atol=1e-2, rtol=0)


def test_a_flow_without_layers_is_its_base() -> None:
    flow = Flow(Normal(2))
    x = torch.randn(5, 2)
    torch.testing.assert_close(flow.log_prob(x), flow.base.log_prob(x))
    assert [s.name for s in flow.steps(x=x)] == ["base"]
    assert flow.log_prob(torch.tensor([math.inf, 0.0])).item() == -math.inf


def test_a_composition_counts_its_layers() -> None:
    assert len(Flow(Normal(2), Compose([Exp(), Affine(0.0, 2.0)]))) == 2
