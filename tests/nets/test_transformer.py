"""The causal transformer: what each place sees, and the walk."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.nets import CausalTransformer
from pushforward.transforms.registry import perturb

CONTEXTS = pytest.mark.parametrize("context_features", [0, 2])
TOKENS = 5


def made(context_features: int, layers: int = 2) -> CausalTransformer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = CausalTransformer(TOKENS, 3, 4, layers, 8, 2, context_features).double()
    perturb(net, torch.Generator().manual_seed(1))
    return net


def inputs(context_features: int, rows: int = 6) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(rows, TOKENS, 3, generator=generator).double()
    if not context_features:
        return x, None
    return x, torch.randn(rows, context_features, generator=generator).double()


def walked(net: CausalTransformer, x: Tensor, context: Tensor | None) -> Tensor:
    """All answers (rows, tokens, out_features), asked for one token at a time."""
    walk, found = net.walk(len(x), context), []
    for token in x.split(1, 1):
        found.append(walk.next())
        walk.feed(token)
    return torch.cat(found, 1)


@CONTEXTS
@pytest.mark.parametrize("gradients", [False, True])
def test_the_walk_gives_the_values_of_a_dense_pass(context_features: int, gradients: bool) -> None:
    net = made(context_features)
    for rows in (0, 1, 6):
        x, context = inputs(context_features, rows)
        dense = net(x, context)
        with nullcontext() if gradients else torch.no_grad():
            stepped = walked(net, x, context)
        torch.testing.assert_close(stepped, dense, atol=1e-12, rtol=1e-12)


@CONTEXTS
def test_gradients_pass_through_the_walk_as_through_a_dense_pass(context_features: int) -> None:
    net = made(context_features)
    x, context = inputs(context_features)
    leaves = [x, *([] if context is None else [context]), *net.parameters()]
    found = []
    for way in (net, lambda x, context: walked(net, x, context)):
        for leaf in leaves:
            leaf.requires_grad_()
        found.append(torch.autograd.grad(way(x, context).sin().sum(), leaves))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-12)


@CONTEXTS
def test_each_place_sees_the_tokens_before_it_and_no_other(context_features: int) -> None:
    net = made(context_features)
    x, context = inputs(context_features, 1)
    x.requires_grad_()
    out = net(x, context)
    for place in range(TOKENS):
        (slope,) = torch.autograd.grad(out[0, place].sin().sum(), x, retain_graph=True)
        seen = slope[0].abs().sum(1) > 0
        assert seen.tolist() == [token < place for token in range(TOKENS)]


def test_the_context_reaches_every_place() -> None:
    net = made(2)
    x, context = inputs(2)
    assert context is not None
    assert (net(x, context) != net(x, context + 1)).all()


def test_every_token_is_computed_once() -> None:
    """What goes through the perceptrons on the whole walk is what goes through in one pass."""
    net, counted = made(0), [0]
    x, _ = inputs(0)

    def count(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
        counted[0] += given[0].shape[:-1].numel()

    for module in net.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(count)
    with torch.no_grad():
        net(x)
        dense, counted[0] = counted[0], 0
        walked(net, x, None)
    # The walk is told of the last token too, which a dense pass leaves out.
    assert counted[0] == dense + len(x)


def test_it_starts_at_zero_whatever_it_sees() -> None:
    net = CausalTransformer(TOKENS, 3, 4, width=8, heads=2)
    assert (net(1e30 * torch.randn(6, TOKENS, 3)) == 0).all()


def test_sizes_and_names_that_do_not_fit_are_refused() -> None:
    for heads in (0, 3):
        with pytest.raises(ConfigurationError, match=f"are {heads} of them and a width of 8"):
            CausalTransformer(TOKENS, 3, 4, width=8, heads=heads)
    with pytest.raises(ConfigurationError, match="'swish'"):
        CausalTransformer(TOKENS, 3, 4, width=8, heads=2, activation="swish")
