"""Recipes of coupling layers: NICE and RealNVP."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.flow import Flow
from pushforward.flows.masks import alternating
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.transforms import ActNorm, Coupling, Transform
from pushforward.univariate import Affine, Shift, Univariate


def coupling_layers(
    features: int,
    univariate: Univariate,
    layers: int,
    hidden: Sequence[int],
    context_features: int,
    activation: str,
) -> list[Transform]:
    """`layers` couplings of one univariate map, whose moved halves alternate."""
    positive_sizes(features=features, layers=layers)
    return [
        Coupling(
            features, univariate, alternating(features, i), context_features, hidden, activation
        )
        for i in range(layers)
    ]


@recipe
def nice(
    features: int,
    layers: int = 5,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
) -> Flow:
    """NICE: additive couplings, volume-preserving but for one diagonal scaling (Dinh et al. 2015).

    Args:
        features: d.
        layers: how many couplings.
        hidden: widths of each conditioner's hidden layers.
        context_features: length of the context vector, 0 for none.
        base: "normal" (N(0, I)), "full", "uniform", "student_t", "mixture", or a distribution.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        scaler: what `initialize` sets at the data end: "standardize", "whiten", or "none" (which
            leaves the context as it is, too).

    Raises:
        ConfigurationError: a size below one, or an unknown name.

    Example:
        >>> import torch
        >>> nice(3).log_prob(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    couplings = coupling_layers(features, Shift(), layers, hidden, context_features, activation)
    body = [*couplings, ActNorm(features)]
    return assemble(features, body, base, context_features, scaler)


@recipe
def realnvp(
    features: int,
    layers: int = 5,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
) -> Flow:
    """RealNVP: affine couplings (Dinh et al. 2017). Arguments and errors as `nice`.

    Example:
        >>> import torch
        >>> realnvp(3, context_features=2).sample((4,), torch.zeros(2)).shape
        torch.Size([4, 3])
    """
    body = coupling_layers(features, Affine(), layers, hidden, context_features, activation)
    return assemble(features, body, base, context_features, scaler)
