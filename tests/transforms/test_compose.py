"""Composition, inversion, and the lifting of elementwise maps."""

from __future__ import annotations

import math

import pytest
import torch

from pushforward.constraints import positive, real
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms import (
    ActNorm,
    Affine,
    Compose,
    Coupling,
    Exp,
    Inverse,
    LULinear,
    Permutation,
    Planar,
    Sigmoid,
    Tanh,
    Transform,
)


def test_an_elementwise_map_is_lifted_to_any_event() -> None:
    z = torch.randn(4, 3, 2)
    for event_ndim, batch in ((0, (4, 3, 2)), (1, (4, 3)), (2, (4,)), (3, ())):
        x, log_det = Compose([Exp()], event_ndim=event_ndim).forward(z)
        assert log_det.shape == batch
        torch.testing.assert_close(log_det.sum(), z.sum())
        torch.testing.assert_close(x, z.exp())


def test_layers_of_unlike_events_add_up() -> None:
    layers = [Affine(0.0, 3.0), LULinear(2), Exp()]
    composed = Compose(layers)
    z = torch.randn(5, 2)
    x, log_det = composed.forward(z)
    assert (composed.event_ndim_in, composed.event_ndim_out) == (1, 1)
    torch.testing.assert_close(log_det, 2 * math.log(3.0) + (3 * z).sum(1))
    torch.testing.assert_close(composed.inverse(x)[1], -log_det)


def test_the_first_layer_acts_first_on_the_latent() -> None:
    x, _ = Compose([Affine(1.0, 1.0), Affine(0.0, 2.0)]).forward(torch.tensor(1.0))
    assert x.item() == 4.0


def test_an_empty_composition_is_the_identity() -> None:
    z = torch.randn(3, 2)
    x, log_det = Compose([], event_ndim=1).forward(z)
    assert torch.equal(x, z)
    assert torch.equal(log_det, torch.zeros(3))


def test_domain_and_codomain_follow_the_layers() -> None:
    composed = Compose([Exp(), Affine(1.0, -2.0), Affine(0.5, 1.0)])
    assert composed.domain == real
    assert (composed.codomain.low, composed.codomain.high) == (-math.inf, 1.5)
    assert Inverse(Exp()).domain == positive


@pytest.mark.parametrize(
    "layers",
    [
        [Affine(0.0, 1.0), Inverse(Exp())],  # the real line into a logarithm
        [Exp(), Inverse(Tanh())],
        [Sigmoid(), Affine(0.0, 3.0), Inverse(Sigmoid())],
    ],
    ids=["log", "atanh", "logit"],
)
def test_what_leaves_the_next_domain_is_refused(layers: list[Transform]) -> None:
    with pytest.raises(ConfigurationError, match=r"takes numbers in .* lies in"):
        Compose(layers)


def test_what_fits_the_next_domain_is_taken() -> None:
    composed = Compose([Sigmoid(), Affine(-1.0, 2.0), Inverse(Tanh())])
    z = torch.linspace(-2, 2, 5)
    torch.testing.assert_close(composed.forward(z)[0], z / 2)  # atanh(2σ(z) - 1) = z/2


def test_contexts_of_two_lengths_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\[2, 3\]"):
        Compose([Planar(2, 3), Planar(2, 2)])


def test_what_is_not_a_transform_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="layer 1 is a Linear"):
        Compose([Exp(), torch.nn.Linear(2, 2)])  # type: ignore[list-item]


def test_the_inverse_of_the_inverse_is_the_map() -> None:
    layer = Planar(2)
    twice = Inverse(Inverse(layer))
    z = torch.randn(4, 2)
    for ours, theirs in ((twice.forward, layer.forward), (twice.inverse, layer.inverse)):
        for a, b in zip(ours(z), theirs(z), strict=True):
            assert torch.equal(a, b)
    assert (twice.domain, twice.codomain, twice.kind) == (layer.domain, layer.codomain, layer.kind)
    assert twice.cheap == layer.cheap == {"forward"}
    assert Inverse(layer).cheap == {"inverse"}


@pytest.mark.parametrize("kind", ["bound", "estimate"])
def test_what_has_no_inverse_map_is_not_inverted(kind: str) -> None:
    layer = Exp()
    layer.kind = kind  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match=f"kind '{kind}'"):
        Inverse(layer)


def test_a_composition_is_as_exact_as_its_least_exact_layer() -> None:
    assert Compose([Exp()]).kind == "exact"
    assert Compose([Planar(2), Exp()]).kind == "numerical"


def test_initialization_goes_from_the_data_end() -> None:
    torch.manual_seed(0)
    x = 5 + 3 * torch.randn(2000, 2).exp()
    composed = Compose([ActNorm(2), Affine(0.0, 10.0), ActNorm(2)])
    composed.initialize(x)
    z, _ = composed.inverse(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0)


def test_walk_and_unwind_meet_the_same_points() -> None:
    composed = Compose([LULinear(2), Exp(), Affine(1.0, 2.0)])
    z = torch.randn(3, 2).double()
    composed = composed.double()
    there = [(value, log_det) for _, value, log_det in composed.walk(z)]
    back = [(value, log_det) for _, value, log_det in composed.unwind(there[-1][0])]
    for (_, log_det), (_, inverse_log_det) in zip(there, back[::-1], strict=True):
        torch.testing.assert_close(log_det, -inverse_log_det)
    torch.testing.assert_close(back[-1][0], z)


@pytest.mark.parametrize("layer", [LULinear(3), Permutation([2, 0, 1]), Coupling(3, hidden=(4,))])
def test_a_wrong_shape_is_refused_by_both_numbers(layer: Transform) -> None:
    for function in (layer.forward, layer.inverse):
        with pytest.raises(ShapeError, match=r"3 features.*\(5, 4\)"):
            function(torch.zeros(5, 4))
        with pytest.raises(ShapeError, match="int64"):
            function(torch.zeros(5, 3, dtype=torch.long))


def test_a_missing_or_wrong_context_is_refused_by_both_numbers() -> None:
    layer = Coupling(2, context_features=3, hidden=(4,))
    with pytest.raises(ShapeError, match="context of 3 features, but none"):
        layer.forward(torch.zeros(5, 2))
    with pytest.raises(ShapeError, match=r"context of 3 features.*\(5, 2\)"):
        layer.inverse(torch.zeros(5, 2), torch.zeros(5, 2))
