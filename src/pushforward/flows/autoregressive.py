"""Recipes of affine autoregressive layers: MAF and IAF."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.flow import Flow
from pushforward.flows.masks import alternating_order
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.nets import Adjacency
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
    adjacency: Adjacency | None = None,
) -> list[Transform]:
    """`layers` autoregressive transforms of one univariate map, whose order alternates.

    With an adjacency, which has its own order, all of them obey that.
    """
    positive_sizes(features=features, layers=layers)
    return [
        Autoregressive(
            features,
            univariate,
            None if adjacency is not None else alternating_order(features, i),
            context_features,
            hidden,
            activation,
            fast,
            adjacency,
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
    adjacency: Adjacency | None = None,
) -> Flow:
    """Masked autoregressive flow: density in one pass (Papamakarios et al. 2017).

    Arguments and errors as `pushforward.flows.nice`, and adjacency: adjacency[i][j] says that
    feature i depends on feature j, a graph without cycles; anything on anything where None.

    Example:
        >>> import torch
        >>> maf(3).log_prob(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    body = autoregressive_layers(
        features, Affine(), layers, hidden, context_features, activation, adjacency=adjacency
    )
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
    adjacency: Adjacency | None = None,
) -> Flow:
    """Inverse autoregressive flow: sampling in one pass (Kingma et al. 2016).

    Arguments and errors as `pushforward.flows.maf`.

    Example:
        >>> iaf(3).sample((5,)).shape
        torch.Size([5, 3])
    """
    body = autoregressive_layers(
        features, Affine(), layers, hidden, context_features, activation, "sampling", adjacency
    )
    return assemble(features, body, base, context_features, scaler)
