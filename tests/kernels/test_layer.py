"""Whole layers in compiled code against dense products and plain formulas."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward import kernels
from pushforward.nets.mlp import ACTIVATIONS
from pushforward.transforms import Autoregressive, Coupling, Transform
from pushforward.transforms.registry import perturb
from pushforward.univariate import Affine, RationalQuadraticSpline, Univariate

pytestmark = pytest.mark.skipif(
    kernels.library() is None, reason="installed without a C++ compiler"
)
SPLINE, AFFINE = RationalQuadraticSpline(4, 3.0), Affine()
GRAPH = [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
Make = Callable[..., Transform]


def autoregressive(univariate: Univariate, **options: object) -> Transform:
    return Autoregressive(5, univariate, **{"hidden": (12, 9), **options})  # type: ignore[arg-type]


def coupling(univariate: Univariate, **options: object) -> Transform:
    return Coupling(5, univariate, **{"hidden": (12, 9), **options})  # type: ignore[arg-type]


LAYERS: dict[str, tuple[Make, dict[str, object]]] = {
    "natural order": (autoregressive, {}),
    "mixed order": (autoregressive, {"order": [3, 1, 0, 4, 2]}),
    "graph": (autoregressive, {"adjacency": GRAPH}),
    "no hidden layer": (autoregressive, {"hidden": ()}),
    "autoregressive, context": (autoregressive, {"context_features": 2, "activation": "tanh"}),
    "autoregressive for sampling": (autoregressive, {"fast": "sampling"}),
    "coupling": (coupling, {}),
    "coupling of some": (coupling, {"transformed": [3, 0, 2], "activation": "elu"}),
    "coupling of all, context": (coupling, {"transformed": range(5), "context_features": 2}),
    "coupling, context": (coupling, {"context_features": 2}),
    "coupling, no hidden layer": (coupling, {"hidden": (), "context_features": 2}),
    "coupling for sampling": (coupling, {"fast": "sampling"}),
}
EVERY = pytest.mark.parametrize(("make", "options"), LAYERS.values(), ids=LAYERS.keys())
MAPS = pytest.mark.parametrize("univariate", [SPLINE, AFFINE], ids=["spline", "affine"])
KINDS = pytest.mark.parametrize("make", [autoregressive, coupling])


def made(make: Make, univariate: Univariate, options: dict[str, object]) -> Transform:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = make(univariate, **options).double()
    perturb(layer, torch.Generator().manual_seed(1))
    return layer


def leaves_of(layer: Transform, rows: int) -> list[Tensor]:
    """Value, context and parameters; some values lie beyond every bound."""
    generator = torch.Generator().manual_seed(2)
    leaves = [3 * torch.randn(rows, 5, generator=generator).double()]
    if layer.context_features:
        leaves.append(torch.randn(rows, layer.context_features, generator=generator).double())
    return [t.detach().requires_grad_() for t in leaves] + list(layer.parameters())


def outcome(layer: Transform, leaves: list[Tensor], way: str) -> list[Tensor]:
    value, context = leaves[0], leaves[1] if layer.context_features else None
    result, log_det = getattr(layer, way)(value, context)
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(result.shape, generator=generator).double()
    total = (result * weights).sum() + (log_det * weights[:, 0]).sum()
    grads = torch.autograd.grad(total, leaves, allow_unused=True)
    return [result, log_det, *(torch.zeros(()) if g is None else g for g in grads)]


@EVERY
@MAPS
@pytest.mark.parametrize("way", ["forward", "inverse"])
def test_values_and_all_gradients_are_those_of_plain_operations(
    make: Make, options: dict[str, object], univariate: Univariate, way: str
) -> None:
    layer = made(make, univariate, options)
    for rows in (0, 1, 33, 150):  # none, less than a tile, more than one
        leaves = leaves_of(layer, rows)
        compiled = outcome(layer, leaves, way)
        with kernels.plain():
            plain = outcome(layer, leaves, way)
        for a, b in zip(compiled, plain, strict=True):
            torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


@EVERY
@MAPS
def test_second_derivatives_go_through_plain_operations(
    make: Make, options: dict[str, object], univariate: Univariate
) -> None:
    layer = made(make, univariate, options)
    way = layer.forward if options.get("fast") == "sampling" else layer.inverse
    found = []
    for manager in (torch.enable_grad, kernels.plain):
        leaves = leaves_of(layer, 4)
        with manager():
            result, log_det = way(leaves[0], leaves[1] if layer.context_features else None)
            total = result.square().sum() + log_det.sum()
            (grad,) = torch.autograd.grad(total, leaves[0], create_graph=True)
            second = torch.autograd.grad(grad.square().sum(), leaves, allow_unused=True)
        found.append([torch.zeros(()) if g is None else g for g in second])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


def test_clipped_inputs_pass_no_gradient() -> None:
    layer = made(coupling, SPLINE, {})
    value = torch.tensor([[2e4, -1e30, 0.5, 0.1, 0.2]]).double().requires_grad_()
    result, log_det = layer.forward(value)
    (grad,) = torch.autograd.grad(log_det.sum(), value)
    assert result.isfinite().all()
    assert grad[0, :2].tolist() == [0.0, 0.0]
    assert (grad[0, 2:] != 0).all()


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@KINDS
def test_every_activation_gives_the_same_either_way(make: Make, activation: str) -> None:
    """Those that are not compiled take the plain way by themselves."""
    layer = made(make, SPLINE, {"activation": activation})
    leaves = leaves_of(layer, 20)
    given = outcome(layer, leaves, "inverse")
    with kernels.plain():
        plain = outcome(layer, leaves, "inverse")
    for a, b in zip(given, plain, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@KINDS
def test_autocast_reaches_the_products_and_spares_the_maps(make: Make) -> None:
    layer = made(make, SPLINE, {}).float()
    value = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    exact, exact_log_det = layer.inverse(value)
    with torch.autocast("cpu", torch.bfloat16):
        rough, log_det = layer.inverse(value)
    assert rough.dtype == log_det.dtype == torch.float32
    error = (rough - exact).abs().max()
    assert 0 < error < 0.1  # the products were in 8 bits, and nothing else
    assert (log_det - exact_log_det).abs().max() < 0.3


def test_threads_and_company_leave_no_trace() -> None:
    layer = made(autoregressive, SPLINE, {})
    leaves = leaves_of(layer, 500)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(layer.inverse(leaves[0]))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
    alone = layer.inverse(leaves[0][77:78])
    assert torch.equal(alone[0], found[0][0][77:78])
    assert torch.equal(alone[1], found[0][1][77:78])


@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
def test_a_fresh_flow_is_traced_whole_and_gives_the_same(wiring: str) -> None:
    """Before anything was computed (and cached) eagerly; without a C++ compiler for the trace."""
    flow = pf.flows.nsf(3, wiring, layers=2, hidden=(8,), context_features=2)  # type: ignore[arg-type]
    flow = flow.double()
    perturb(flow, torch.Generator().manual_seed(0))
    traced = torch.compile(flow.log_prob, fullgraph=True, backend="aot_eager")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(32, 3, generator=generator).double()
    context = torch.randn(32, 2, generator=generator).double()
    found = []
    for function in (traced, flow.log_prob):
        flow.zero_grad()
        score = function(x, context)
        score.sum().backward()
        found.append([score.detach(), *(p.grad for p in flow.parameters())])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("activation", ["relu", "silu"])
@KINDS
def test_a_gradient_is_the_same_where_it_can_be_differentiated_again(
    make: Make, activation: str
) -> None:
    """Parameters that depend on the value, and one layer applied twice: no path counts twice."""
    layer = made(make, SPLINE, {"activation": activation})
    found = []
    for again in (False, True):
        leaves = leaves_of(layer, 6)
        first, log_det = layer.inverse(leaves[0])
        second, other = layer.inverse(first)
        total = second.square().sum() + log_det.sum() + other.sum()
        found.append(torch.autograd.grad(total, leaves, create_graph=again))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


@KINDS
def test_what_a_used_layer_carries_along_is_plain(make: Make) -> None:
    """Another process can be sent it: none of the arrays made for the library are in its state."""
    layer = made(make, SPLINE, {})
    leaves = leaves_of(layer, 6)
    expected = layer.inverse(leaves[0])
    plan = layer.conditioner.plan if isinstance(layer, Autoregressive) else layer._plan
    assert any(name.startswith("arrays") for name in vars(plan))
    assert set(json.loads(json.dumps(plan.__getstate__()))) == set(plan.__dataclass_fields__)
    for a, b in zip(copy.deepcopy(layer).inverse(leaves[0]), expected, strict=True):
        assert torch.equal(a, b)


def test_a_tracer_sees_operations() -> None:
    layer = made(coupling, SPLINE, {}).requires_grad_(False)
    x = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that torch.jit is old
        traced = torch.jit.trace(lambda v: layer.inverse(v), (x,), check_trace=False)
    for a, b in zip(traced(2 * x), layer.inverse(2 * x), strict=True):
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("fast", ["density", "sampling"])
def test_autocast_and_a_context_in_the_direction_that_is_solved(fast: str) -> None:
    layer = made(autoregressive, SPLINE, {"context_features": 2, "fast": fast}).float()
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(6, 5, generator=generator)
    context = torch.randn(6, 2, generator=generator)
    way = layer.forward if fast == "density" else layer.inverse
    with torch.autocast("cpu", torch.bfloat16):
        result, log_det = way(value, context)
        (result.sum() + log_det.sum()).backward()
    assert result.dtype == log_det.dtype == torch.float32
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
