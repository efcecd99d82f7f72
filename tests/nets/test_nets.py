"""Conditioners: masks, the incremental walk, and what they cost."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from pushforward import kernels, nets
from pushforward.errors import ConfigurationError
from pushforward.nets import MADE, MLP, ContextScaler
from pushforward.nets.mlp import ACTIVATIONS
from pushforward.transforms.registry import perturb

DEPTHS = pytest.mark.parametrize("hidden", [(), (9,), (9, 7), (12, 5, 8)], ids=len)
ORDERS = pytest.mark.parametrize("order", [None, [3, 1, 0, 4, 2], [4, 3, 2, 1, 0]])
CONTEXTS = pytest.mark.parametrize("context_features", [0, 2])


def made(
    hidden: tuple[int, ...],
    order: list[int] | None,
    context_features: int,
    activation: str = "relu",
) -> MADE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MADE(5, 3, hidden, context_features, order, activation).double()
    perturb(net, torch.Generator().manual_seed(1))
    return net


def inputs(context_features: int, *batch: int) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(*batch, 5, generator=generator).double().requires_grad_()
    if not context_features:
        return x, None
    context = torch.randn(*batch, context_features, generator=generator).double()
    return x, context.requires_grad_()


def walked(net: MADE, x: Tensor, context: Tensor | None) -> Tensor:
    """All parameters (rows, features, n_params), asked for one feature at a time."""
    with torch.no_grad():
        walk = net.walk(x, net.sources(context))
        found: dict[int, Tensor] = {}
        for feature in net.order.tolist():
            found[feature] = walk.next()
            walk.feed(x[..., feature])
    return torch.stack([found[i] for i in range(5)], dim=-2)


@DEPTHS
@ORDERS
@CONTEXTS
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_walk_gives_the_values_of_a_dense_pass_and_its_sweep_the_gradients(
    hidden: tuple[int, ...], order: list[int] | None, context_features: int, activation: str
) -> None:
    net = made(hidden, order, context_features, activation)
    for rows in (0, 1, 6):
        x, context = inputs(context_features, rows)
        dense = net(x, context)
        stepped = walked(net, x, context)
        torch.testing.assert_close(stepped, dense, atol=1e-12, rtol=1e-12)
        cotangents = torch.randn(dense.shape, generator=torch.Generator().manual_seed(3)).double()
        leaves = [x, *([] if context is None else [context]), *net.parameters()]
        wanted = torch.autograd.grad((dense * cotangents).sum(), leaves, allow_unused=True)
        for way in (kernels.plain, nullcontext):
            with way():
                given = swept(net, x, context, cotangents, leaves)
            for a, b, leaf in zip(given, wanted, leaves, strict=True):
                a, b = (torch.zeros_like(leaf) if g is None else g for g in (a, b))
                torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-12)


def swept(
    net: MADE, x: Tensor, context: Tensor | None, cotangents: Tensor, leaves: list[Tensor]
) -> list[Tensor | None]:
    """The gradients that a sweep finds, for the inputs and for everything before the walk.

    With maps whose value does not depend on their parameters, and log-slopes that pull to given
    cotangents, what reaches each input is what a dense pass would send it.
    """
    sources = net.sources(context)
    with torch.no_grad():
        sweep = net.sweep(x, sources)
        one, nothing = torch.ones_like(x), torch.zeros_like(x)
        by_x, by_slope = (one, torch.zeros_like(cotangents)), (nothing, cotangents)
        reached, grads = sweep.solve(nothing, by_x, by_slope)
    return [reached, *torch.autograd.grad(sources, leaves[1:], grads, allow_unused=True)]


def test_a_graph_of_parents_is_obeyed_by_values_walk_and_sweep() -> None:
    """A collider (3 on 1 and 2), a fork (1 and 2 on 0), and a feature that stands alone (4)."""
    graph = [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MADE(5, 3, (12, 9), activation="tanh", adjacency=graph).double()
    perturb(net, torch.Generator().manual_seed(1))
    x, _ = inputs(0, 6)
    jacobian = torch.func.jacrev(net)(x[0].detach()).abs().sum(1)
    assert torch.equal(jacobian > 0, torch.tensor(graph).bool())
    dense = net(x)
    stepped = walked(net, x, None)
    torch.testing.assert_close(stepped, dense, atol=1e-12, rtol=1e-12)
    cotangents = torch.randn(dense.shape, generator=torch.Generator().manual_seed(3)).double()
    leaves = [x, *net.parameters()]
    wanted = torch.autograd.grad((dense * cotangents).sum(), leaves)
    for way in (kernels.plain, nullcontext):
        with way():
            given = swept(net, x, None, cotangents, leaves)
        for a, b in zip(given, wanted, strict=True):
            torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize(
    ("graph", "what"),
    [
        ([[0, 1], [1, 0]], "cycle.*0 → 1 → 0|cycle.*1 → 0 → 1"),
        ([[0, 1, 0], [1, 0, 0]], r"shape \(2, 2\), but has \(2, 3\)"),
        ([["a", "b"], ["c", "d"]], "table of 0 and 1"),
    ],
)
def test_a_graph_that_is_none_is_refused(graph: list[list[int]], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        MADE(2, 1, adjacency=graph)
    with pytest.raises(ConfigurationError, match="not both"):
        MADE(2, 1, order=[1, 0], adjacency=[[0, 0], [1, 0]])
    chain = [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    with pytest.raises(ConfigurationError, match="3 different sets of parents"):
        MADE(3, 1, (8, 2), adjacency=chain)


@DEPTHS
@ORDERS
@CONTEXTS
def test_parameters_depend_on_what_comes_before_and_on_nothing_else(
    hidden: tuple[int, ...], order: list[int] | None, context_features: int
) -> None:
    net = made(hidden, order, context_features, "tanh")  # no unit is dead
    x, context = inputs(context_features)
    jacobian = torch.func.jacrev(lambda v: net(v, context))(x.detach()).abs().sum(1)
    rank = torch.empty(5, dtype=torch.long)
    rank[net.order] = torch.arange(5)
    before = rank[None, :] < rank[:, None]
    assert (jacobian[~before] == 0).all()
    assert (jacobian.sum(1)[rank > 0] > 0).all()  # and each does depend on something
    if context is not None:
        by_context = torch.func.jacrev(lambda c: net(x, c))(context.detach()).abs().sum((1, 2))
        assert (by_context > 0).all()


def test_each_hidden_unit_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = 0

    def counting(value: Tensor) -> Tensor:
        nonlocal computed
        computed += value.numel()
        return value.relu()

    monkeypatch.setitem(ACTIVATIONS, "relu", counting)
    net = made((16, 10), None, 2)
    x, context = inputs(2, 7)
    walked(net, x, context)
    assert computed == (16 + 10) * 7


def test_a_context_is_shared_by_broadcasting() -> None:
    net = made((9,), None, 2)
    x, context = torch.randn(4, 3, 5).double(), torch.randn(3, 2).double()
    wide = context.expand(4, 3, 2)
    torch.testing.assert_close(net(x, context), net(x, wide))


@pytest.mark.parametrize("net", [MADE(3, 2, (4,)), MADE(3, 2, ()), MLP(3, 6, (4,))])
def test_conditioners_start_at_zero(net: torch.nn.Module) -> None:
    assert (net(torch.randn(5, 3)) == 0).all()


def test_no_inputs_make_a_learned_constant() -> None:
    net = MLP(0, 3)
    assert [p.shape for p in net.parameters()] == [(3,)]
    assert net(torch.empty(2, 4, 0)).shape == (2, 4, 3)


@pytest.mark.parametrize("order", [[0, 0, 1], [0, 1], [1, 2, 3]])
def test_an_order_that_is_none_is_refused(order: list[int]) -> None:
    with pytest.raises(ConfigurationError, match="each of 0 … 2 once"):
        MADE(3, 2, order=order)


@pytest.mark.parametrize("make", [MADE, MLP])
def test_impossible_sizes_and_names_are_refused(make: type) -> None:
    with pytest.raises(ConfigurationError, match="at least one unit"):
        make(3, 2, hidden=(8, 0))
    with pytest.raises(ConfigurationError, match="'swish'"):
        make(3, 2, hidden=(8,), activation="swish")(torch.zeros(3))


def test_a_context_scaler_standardizes_once_it_has_seen_data() -> None:
    context = 1e6 + 10 * torch.randn(500, 2, generator=torch.Generator().manual_seed(0)).double()
    scaler = ContextScaler(2).double()
    assert torch.equal(scaler(context), context)
    scaler.initialize(context)
    torch.testing.assert_close(scaler(context).mean(0), torch.zeros(2).double(), atol=1e-9, rtol=0)


def test_all_activations_are_there() -> None:
    assert set(nets.ACTIVATIONS) == {"relu", "elu", "silu", "gelu", "tanh"}
    x = torch.randn(4, 3)
    for name in nets.ACTIVATIONS:
        net = MLP(3, 2, (4,), activation=name)
        perturb(net, torch.Generator().manual_seed(0))
        assert net(x).isfinite().all()
