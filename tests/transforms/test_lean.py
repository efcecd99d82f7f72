"""Lean memory: the plain values and gradients, in memory that does not grow with the depth."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import pushforward as pf
import tiny
from pushforward import Flow
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError
from pushforward.transforms import (
    ActNorm,
    Affine,
    Compose,
    Coupling,
    Exp,
    LULinear,
    Permutation,
    Planar,
    Transform,
)
from pushforward.transforms.lean import RUN, LeanStep, stretches
from pushforward.transforms.registry import perturb
from specimens import FLOWS, Recipe, seeded

FOUND_AGAIN = ("lean", "recompute")
PERTURBED = [f for f in FLOWS if not f.trained and f.features != 2]


def gradients(flow: Flow, score: Callable[[], Tensor], *inputs: Tensor | None) -> list[Tensor]:
    """Of every parameter and input, zeros where there is none."""
    wanted = [*flow.parameters(), *(i for i in inputs if i is not None)]
    wanted = [w for w in wanted if w.requires_grad]
    found = torch.autograd.grad(score(), wanted, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found, strict=True)]


def assert_alike(flow: Flow, score: Callable[[], Tensor], *inputs: Tensor | None) -> None:
    """The score without gradients bit for bit, and the plain gradients to rounding."""
    flow.memory = "plain"
    wanted = gradients(flow, score, *inputs)
    with torch.no_grad():
        value = score()
    for memory in FOUND_AGAIN:
        flow.memory = memory
        assert torch.equal(score().detach(), value)
        for found, gradient in zip(gradients(flow, score, *inputs), wanted, strict=True):
            size = 1 + gradient.abs().max() if gradient.numel() else 1
            assert (found - gradient).abs().le(1e-10 * size).all()


def deep(wiring: str, layers: int, context_features: int = 0, features: int = 3) -> Flow:
    """Far from the identity, but not so far that a reconstruction has no digits left."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.flows.nsf(
            features, wiring, layers=layers, hidden=(8,), context_features=context_features
        )
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=seeded(1)))
    return flow.double()


@pytest.mark.parametrize("recipe", PERTURBED, ids=str)
def test_every_recipe_has_the_plain_gradients_both_ways(recipe: Recipe) -> None:
    flow, context = recipe.flow.double(), recipe.context(6, dtype=torch.float64)
    x = flow.sample(() if context is not None else (6,), context, seeded(1)).requires_grad_()
    if context is not None:
        context.requires_grad_()
    assert_alike(flow, lambda: flow.log_prob(x, context).sin().sum(), x, context)

    def sampled() -> Tensor:
        shape = () if context is not None else (6,)
        new, log_prob = flow.sample_and_log_prob(shape, context, seeded(2))
        return (new.sin().sum(-1) + log_prob.sin()).sum()

    assert_alike(flow, sampled, context)


@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
@pytest.mark.parametrize("layers", [1, 5, 17, 37])
@pytest.mark.parametrize("context_features", [0, 2])
def test_stacks_of_any_depth(wiring: str, layers: int, context_features: int) -> None:
    flow = deep(wiring, layers, context_features)
    x = torch.randn(5, 3, generator=seeded(2)).double()
    context = torch.randn(5, 2, generator=seeded(3)).double() if context_features else None
    assert_alike(flow, lambda: flow.log_prob(x, context).sum())


def test_layers_of_every_kind_together() -> None:
    layers: list[Transform] = []
    for _ in range(3):
        layers += [Planar(2), LULinear(2), Coupling(2, hidden=(4,)), Permutation([1, 0])]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        inner = Compose([ActNorm(2), Coupling(2, hidden=(4,))])
        flow = Flow(Normal(2), [*layers, inner, Exp(), Affine(1.0, 2.0)]).double()
    perturb(flow, seeded(0))
    x = flow.sample((6,), generator=seeded(1))
    x[0] = -5.0  # outside the support
    x[1] = torch.inf
    assert_alike(flow, lambda: flow.log_prob(x)[2:].sum())
    assert torch.equal(flow.log_prob(x)[:2].detach(), torch.full((2,), -torch.inf).double())
    z = torch.randn(6, 2, generator=seeded(2)).double()
    assert_alike(flow, lambda: flow.decode(z).log().sum())


def test_shared_and_frozen_parameters() -> None:
    flow = deep("coupling", 20)
    layers = list(flow.transform)
    for i in (3, 8, 18):
        layers[i] = layers[0]
    flow = Flow(flow.base, layers).double()
    for layer in layers[15:18]:
        layer.requires_grad_(False)
    x = torch.randn(5, 3, generator=seeded(2)).double()
    assert_alike(flow, lambda: flow.log_prob(x).sum())
    for layer in layers[:19]:
        layer.requires_grad_(False)  # the data end trains alone
    layers[19].requires_grad_()
    assert_alike(flow, lambda: flow.log_prob(x).sum())
    z = torch.randn(5, 3, generator=seeded(4)).double()
    assert_alike(flow, lambda: flow.decode(z).sin().sum())


def test_either_result_may_go_unused() -> None:
    flow = deep("coupling", 10)
    x = torch.randn(5, 3, generator=seeded(2)).double().requires_grad_()
    assert_alike(flow, lambda: flow.encode(x).square().sum(), x)
    assert_alike(flow, lambda: flow.terms(x)[1].sum(), x)


def test_gradients_add_up_and_a_graph_may_be_kept() -> None:
    plain = deep("coupling", 10)
    x = torch.randn(5, 3, generator=seeded(2)).double()
    lean = copy.deepcopy(plain)
    lean.memory = "lean"
    for flow in (plain, lean):
        score = flow.log_prob(x).sum()
        score.backward(retain_graph=True)
        score.backward()
    for p, q in zip(plain.parameters(), lean.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-9, atol=1e-9)


def test_without_gradients_nothing_is_different() -> None:
    flow = deep("coupling", 3)
    x = torch.randn(5, 3, generator=seeded(2)).double()
    plain = flow.log_prob(x)
    flow.memory = "lean"
    with torch.no_grad():
        assert torch.equal(flow.log_prob(x), plain)
    flow.requires_grad_(False)
    assert not flow.log_prob(x).requires_grad


def test_which_layers_are_reconstructed() -> None:
    def parts(*layers: Transform, reconstruct: bool = True) -> list[tuple[int, bool]]:
        steps = [LeanStep(layer, layer.forward, layer.inverse) for layer in layers]
        return [(len(part), reversible) for part, reversible in stretches(steps, reconstruct)]

    turn, root = Permutation([1, 0]), Planar(2)
    assert parts(*[turn] * 20) == [(20, True)]
    assert parts(*[turn] * 20, reconstruct=False) == [(20, False)]
    assert parts(*[turn] * RUN, root) == [(RUN, True), (1, False)]
    assert parts(*[root, turn] * 8) == [(16, False)]  # each too short to be worth two points
    assert parts(turn, Exp()) == [(2, False)]
    assert parts(turn) == [(1, True)]
    assert parts() == []


def test_the_drift_is_told() -> None:
    flow = deep("coupling", 16).float()
    flow.memory = "lean"
    x = torch.randn(50, 3, generator=seeded(2))
    flow.log_prob(x).sum().backward()
    drift = flow.take_drift()
    assert drift is not None
    assert 0 < drift < 1e-3
    assert flow.take_drift() is None
    flow.memory = "recompute"
    flow.log_prob(x).sum().backward()
    assert flow.take_drift() is None


def test_a_drift_is_measured_against_the_true_start() -> None:
    class Off(ActNorm):
        """Its way back misses by a thousandth."""

        def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            return 1.001 * super().forward(z)[0], super().forward(z)[1]

    flow = Flow(Normal(2), [Off(2), ActNorm(2)]).double()
    flow.memory = "lean"
    flow.log_prob(torch.randn(50, 2).double()).sum().backward()
    assert flow.take_drift() == pytest.approx(1e-3, rel=1e-6)


@pytest.mark.parametrize("memory", FOUND_AGAIN)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_layer_that_draws_is_not_computed_again(memory: str, place: int) -> None:
    """Wherever it stands: with the same draws the gradients are the plain ones."""

    class Noisy(ActNorm):
        kind = "bound"
        draws = 0

        def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            Noisy.draws += 1
            return super().inverse(x + torch.randn(x.shape, generator=self.generator).to(x))

    noisy = Noisy(3)
    layers: list[Transform] = [Coupling(3, hidden=(4,)) for _ in range(6)]
    flow = Flow(Normal(3), [*layers[:place], noisy, *layers[place:]]).double()
    perturb(flow, seeded(0))
    x = torch.randn(5, 3, generator=seeded(1)).double().requires_grad_()

    def score() -> Tensor:
        noisy.generator = seeded(2)
        return flow.log_prob(x).sum()

    assert_alike(flow, score, x)
    flow.memory, Noisy.draws = memory, 0  # type: ignore[assignment]
    score().backward()
    assert Noisy.draws == 1


def test_what_it_refuses() -> None:
    class Noisy(ActNorm):
        def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            z, log_det = super().inverse(x)
            return nn.functional.dropout(z), log_det

    flow, x = Flow(Normal(2), [ActNorm(2), Noisy(2)]), torch.randn(3, 2)
    flow.memory = "lean"
    with pytest.raises(ConfigurationError, match="a Noisy of this flow draws random numbers"):
        flow.log_prob(x)
    with pytest.raises(ConfigurationError, match="plain, lean, recompute, but is 'small'"):
        flow.memory = "small"  # type: ignore[assignment]
    flow = deep("coupling", 2)
    flow.memory, x = "lean", torch.randn(3, 3).double().requires_grad_()
    (first,) = torch.autograd.grad(flow.log_prob(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
    score = flow.log_prob(x).sum()
    with torch.no_grad():
        next(flow.parameters()).add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        score.backward()
    stack = Compose([Coupling(3, hidden=(4,)) for _ in range(3)]).double()
    x = torch.randn(3, 3).double()
    stack.memory = "lean"
    score = stack.inverse(x)[1].sum()
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        score.backward()
    swapped = {name: p.detach().clone().requires_grad_() for name, p in flow.named_parameters()}
    score = torch.func.functional_call(flow, swapped, (x,)).sum()
    with pytest.raises(ConfigurationError, match="where parameters are swapped"):
        score.backward()


def peak(flow: Flow, x: Tensor) -> int:
    """The most bytes that a step of training holds at once beyond what was there before.

    Counted from every allocation and release that torch's profiler records. A parameter's gradient
    is dropped as soon as it is whole, so that those are not in it.
    """

    def drop(parameter: Tensor) -> None:
        parameter.grad = None

    hooks = [p.register_post_accumulate_grad_hook(drop) for p in flow.parameters()]
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        flow.log_prob(x).mean().backward()
    for hook in hooks:
        hook.remove()
    assert recorded.profiler is not None
    events = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        live += event.nbytes()
        most = max(most, live)
    assert most > 0
    return most


@pytest.mark.filterwarnings("ignore")  # the profiler's own
@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
def test_sixty_four_layers_take_no_more_memory_than_four(wiring: str) -> None:
    """At most 1.1 times as much, where plain gradients take more than ten times as much."""
    x = tiny.rows(4096, 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        few, many = (pf.flows.nsf(4, wiring, layers=k, hidden=(32, 32)) for k in (4, 64))
    for flow in (few, many):
        flow.initialize(x)
    assert peak(many, x) > 10 * peak(few, x)
    for memory in FOUND_AGAIN:
        few.memory = many.memory = memory  # type: ignore[assignment]
        assert peak(many, x) <= 1.1 * peak(few, x)
