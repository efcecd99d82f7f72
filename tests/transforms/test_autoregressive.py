"""The other direction of an autoregressive layer: the walk, its way back, and the iteration."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from pushforward import kernels
from pushforward.errors import ConfigurationError
from pushforward.transforms import Autoregressive
from pushforward.transforms.parallel import solve_at_once
from pushforward.transforms.registry import MAPS, perturb
from pushforward.transforms.sequential import solve_in_order, solve_plainly
from pushforward.univariate import RationalQuadraticSpline, Univariate

DIAMOND = [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
WAYS = {
    "natural": {},
    "mixed order": {"order": [3, 1, 0, 4, 2]},
    "graph": {"adjacency": DIAMOND},
    "no hidden layer": {"hidden": ()},
    "deep, with context": {"hidden": (9, 7, 8), "context_features": 2},
    "gelu": {"activation": "gelu"},
}
EVERY_WAY = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS.keys())
EVERY_MAP = pytest.mark.parametrize("univariate", MAPS.values(), ids=MAPS.keys())


def layer_of(univariate: Univariate, features: int = 5, **options: object) -> Autoregressive:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        arguments = {"hidden": (12, 9), **options}
        layer = Autoregressive(features, univariate, **arguments).double()  # type: ignore[arg-type]
    perturb(layer, torch.Generator().manual_seed(1))
    return layer


def draw(layer: Autoregressive, rows: int) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(2)
    value = torch.randn(rows, layer.features, generator=generator).double()
    if not layer.context_features:
        return value, None
    return value, torch.randn(rows, layer.context_features, generator=generator).double()


@EVERY_MAP
@EVERY_WAY
def test_the_walk_and_its_way_back_are_those_of_many_dense_passes(
    univariate: Univariate, options: dict[str, object]
) -> None:
    layer = layer_of(univariate, **options)
    for rows, way in ((1, nullcontext), (7, nullcontext), (70, nullcontext), (7, kernels.plain)):
        value, context = draw(layer, rows)
        leaves = [value.requires_grad_(), *layer.parameters()]
        if context is not None:
            leaves.append(context.requires_grad_())
        found = []
        for solve in (solve_in_order, solve_plainly):
            with way() if solve is solve_in_order else kernels.plain():
                x, log_det = solve(layer.conditioner, univariate, value, context)
            generator = torch.Generator().manual_seed(3)
            weights = torch.randn(x.shape, generator=generator).double()
            total = (x * weights).sum() + (log_det * weights[:, 0]).sum()
            with way():
                grads = torch.autograd.grad(total, leaves, allow_unused=True)
            zeros = (torch.zeros_like(leaf) for leaf in leaves)
            found.append(
                [x, log_det, *(z if g is None else g for g, z in zip(grads, zeros, strict=True))]
            )
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@EVERY_MAP
@EVERY_WAY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_without_gradients_the_compiled_pass_gives_what_the_dense_one_does(
    univariate: Univariate, options: dict[str, object], dtype: torch.dtype
) -> None:
    layer = layer_of(univariate, **options).to(dtype)
    for rows in (0, 1, 7, 133):
        value, context = (None if t is None else t.to(dtype) for t in draw(layer, rows))
        dense = layer.inverse(value, context)
        with torch.no_grad():
            compiled = layer.inverse(value, context)
            with kernels.plain():
                plain = layer.inverse(value, context)
        tolerance = 2000 * torch.finfo(dtype).eps
        for a, b, c in zip(compiled, plain, dense, strict=True):
            torch.testing.assert_close(a, b, atol=tolerance, rtol=tolerance)
            torch.testing.assert_close(a, c.detach(), atol=tolerance, rtol=tolerance)


def test_a_gradient_for_one_output_alone() -> None:
    layer = layer_of(RationalQuadraticSpline())
    value, _ = draw(layer, 6)
    value.requires_grad_()
    for pick in (0, 1):
        outputs = [
            s(layer.conditioner, layer.univariate, value, None)
            for s in (solve_in_order, solve_plainly)
        ]
        a, b = (torch.autograd.grad(o[pick].sum(), value)[0] for o in outputs)
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@EVERY_MAP
@EVERY_WAY
def test_iteration_over_all_features_finds_the_same_and_certifies_it(
    univariate: Univariate, options: dict[str, object]
) -> None:
    layer = layer_of(univariate, **options)
    value, context = draw(layer, 7)
    walked = solve_in_order(layer.conditioner, univariate, value, context)
    x, log_det, certificate = solve_at_once(layer.conditioner, univariate, value, context)
    torch.testing.assert_close(x, walked[0].detach(), atol=1e-11, rtol=1e-11)
    torch.testing.assert_close(log_det, walked[1].detach(), atol=1e-10, rtol=1e-10)
    assert certificate.settled
    assert certificate.iterations <= 5
    assert certificate.residual.max() < 1e-12


def test_a_certificate_admits_what_has_not_settled() -> None:
    layer = layer_of(RationalQuadraticSpline(), features=12)
    value, _ = draw(layer, 7)
    _, _, certificate = solve_at_once(layer.conditioner, layer.univariate, value, None, most=2)
    assert not certificate.settled
    assert certificate.residual.max() > 1e-6


def test_a_graph_settles_within_its_longest_path() -> None:
    layer = layer_of(RationalQuadraticSpline(), adjacency=DIAMOND)
    value, _ = draw(layer, 7)
    _, _, certificate = solve_at_once(layer.conditioner, layer.univariate, value, None)
    assert certificate.iterations <= 4  # three generations, and one round that changes nothing


@pytest.mark.parametrize("strength", [0.3, 3.0])
def test_every_solver_gives_the_same_and_falls_back_where_it_must(strength: float) -> None:
    """Few rows of many features: weakly coupled ones settle, strongly coupled ones are walked."""
    found = {}
    for solver in ("auto", "sequential", "parallel"):
        layer = layer_of(RationalQuadraticSpline(), features=40, solver=solver)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.mul_(strength)
            value, _ = draw(layer, 3)
            found[solver] = layer.forward(value)
            back, log_det = layer.inverse(found[solver][0])
        torch.testing.assert_close(back, value, atol=1e-8, rtol=1e-8)
        torch.testing.assert_close(log_det, -found[solver][1], atol=1e-7, rtol=1e-7)
    for solver in ("auto", "parallel"):
        torch.testing.assert_close(found[solver], found["sequential"], atol=1e-8, rtol=1e-8)


def test_transforms_of_functions_go_through_the_walking_direction() -> None:
    layer = layer_of(RationalQuadraticSpline())
    value, _ = draw(layer, 1)
    jacobian = torch.func.jacrev(lambda z: layer.forward(z)[0])(value[0])
    _, log_det = layer.forward(value)
    torch.testing.assert_close(torch.linalg.slogdet(jacobian)[1], log_det[0], atol=1e-9, rtol=0)


def test_a_second_derivative_through_the_walk_is_refused_and_not_wrong() -> None:
    layer = layer_of(RationalQuadraticSpline())
    value, _ = draw(layer, 2)
    value.requires_grad_()
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(layer.forward(value)[1].sum(), value, create_graph=True)
    with kernels.plain():
        (grad,) = torch.autograd.grad(layer.forward(value)[1].sum(), value, create_graph=True)
        with pytest.raises(RuntimeError, match="does not require grad"):
            torch.autograd.grad(grad.sum(), value)


def test_a_certificate_does_not_vouch_for_nan() -> None:
    layer = layer_of(RationalQuadraticSpline())
    value, _ = draw(layer, 3)
    value[0, 0] = float("nan")
    assert not layer.solve_at_once(value)[2].settled


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\"sequential\".*'newton'"):
        Autoregressive(3, solver="newton")  # type: ignore[arg-type]
