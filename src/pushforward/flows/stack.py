"""The recipe of stacks: a mixture of triangular flows and sums of Gaussians, as one flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import Scaler, assemble, recipe
from pushforward.flows.triangular import triangular_layers
from pushforward.transforms import Stack
from pushforward.transforms.stack import Chain, Gaussians, Member

MEMBERS: tuple[dict[str, Any], ...] = (
    {"kind": "triangular", "bins": 8, "hidden": [64, 64]},
    {"kind": "triangular", "bins": 8, "hidden": [64, 64]},
    {"kind": "gaussians", "components": 1, "shared": False},
)


@recipe
def stack(
    features: int,
    members: Sequence[dict[str, Any]] = MEMBERS,
    context_features: int = 0,
    scaler: Scaler = "standardize",
) -> Flow:
    """A mixture of densities as one flow, with latents, on standardized features.

    What `pushforward.density.fit_density` gives: there the members are fitted one by one, and their
    weights are set. A fresh stack has equal weights, flows at their identity start, and standard
    normals for Gaussians; training moves the flows only.

    Args:
        features: d.
        members: each {"kind": "triangular", …} with arguments of `pushforward.flows.triangular`, or
            {"kind": "gaussians", "components": M, "shared": False}.
        context_features: length of the context vector, 0 for none.
        scaler: as in `pushforward.flows.triangular`.

    Raises:
        ConfigurationError: no members, or one of an unknown kind.

    Example:
        >>> import torch
        >>> flow = stack(2, [{"kind": "gaussians", "components": 3, "shared": False}])
        >>> flow.log_prob(torch.zeros(5, 2)).shape
        torch.Size([5])
    """
    made = [_member(features, context_features, **member) for member in members]
    return assemble(features, [Stack(made)], "normal", context_features, scaler)


def _member(features: int, context_features: int, kind: str, **arguments: Any) -> Member:
    if kind == "gaussians":
        return Gaussians(features, context_features=context_features, **arguments)
    if kind == "triangular":
        layers = triangular_layers(features, context_features=context_features, **arguments)
        return Chain(features, layers, context_features)
    raise ConfigurationError(
        f'A member of a stack is of kind "triangular" or "gaussians", not {kind!r}.'
    )
