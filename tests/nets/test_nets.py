"""Conditioners: masks, the incremental walk, and what they cost."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pushforward import nets
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
    """All parameters (*batch, features, n_params), asked for one feature at a time."""
    walk = net.incremental(x, context)
    found: dict[int, Tensor] = {}
    for feature in net.order.tolist():
        found[feature] = walk.next()
        walk.feed(x[..., feature])
    return torch.stack([found[i] for i in range(5)], dim=-2)


@DEPTHS
@ORDERS
@CONTEXTS
def test_the_walk_gives_the_values_and_gradients_of_a_dense_pass(
    hidden: tuple[int, ...], order: list[int] | None, context_features: int
) -> None:
    net = made(hidden, order, context_features)
    for batch in ((), (6,), (2, 3), (0,)):
        x, context = inputs(context_features, *batch)
        dense, stepped = net(x, context), walked(net, x, context)
        torch.testing.assert_close(stepped, dense, atol=1e-12, rtol=1e-12)
        with torch.no_grad():  # another code path: one preallocated buffer
            torch.testing.assert_close(walked(net, x, context), dense, atol=1e-12, rtol=1e-12)
        leaves = [x, *([] if context is None else [context]), *net.parameters()]
        weights = torch.randn(dense.shape, generator=torch.Generator().manual_seed(3)).double()
        wanted = torch.autograd.grad((dense * weights).sum(), leaves, allow_unused=True)
        given = torch.autograd.grad((stepped * weights).sum(), leaves, allow_unused=True)
        for a, b, leaf in zip(given, wanted, leaves, strict=True):
            a, b = (torch.zeros_like(leaf) if g is None else g for g in (a, b))
            torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-12)


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
    torch.testing.assert_close(walked(net, x, context), net(x, wide))


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
