"""Recipes of affine autoregressive layers: MAF and IAF."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.flow import Flow
from pushforward.flows.masks import alternating_order
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.transforms import Autoregressive, Transform
from pushforward.univariate import Affine, Fast, Univariate


def autoregressive_layers(
    features: int,
    univariate: Univariate,
    layers: int,
    hidden: Sequence[int],
    context_features: int,
    activation: str,
    fast: Fast = "density",
) -> list[Transform]:
    """`layers` autoregressive transforms of one univariate map, whose order alternates."""
    positive_sizes(features=features, layers=layers)
    return [
        Autoregressive(
            features,
            univariate,
            alternating_order(features, i),
            context_features,
            hidden,
            activation,
            fast,
        )
        for i in range(layers)
    ]


@recipe
def maf(
    features: int,
    layers: int = 5,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
) -> Flow:
    """Masked autoregressive flow: density in one pass (Papamakarios et al. 2017).

    Arguments and errors as `pushforward.flows.nice`.

    Example:
        >>> import torch
        >>> maf(3).log_prob(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    body = autoregressive_layers(features, Affine(), layers, hidden, context_features, activation)
    return assemble(features, body, base, context_features, scaler)


@recipe
def iaf(
    features: int,
    layers: int = 5,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
) -> Flow:
    """Inverse autoregressive flow: sampling in one pass (Kingma et al. 2016).

    Arguments and errors as `pushforward.flows.nice`.

    Example:
        >>> iaf(3).sample((5,)).shape
        torch.Size([5, 3])
    """
    body = autoregressive_layers(
        features, Affine(), layers, hidden, context_features, activation, "sampling"
    )
    return assemble(features, body, base, context_features, scaler)
