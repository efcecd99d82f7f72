"""The recipe of triangular flows: all layers take the features in their natural order."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.flow import Flow
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.transforms import Autoregressive, Cholesky, Sinh, Transform
from pushforward.univariate import Affine, RationalQuadraticSpline, Univariate


def triangular_layers(
    features: int,
    layers: int = 2,
    bins: int = 16,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    bound: float = 5.0,
    tail: float = 2.0,
    activation: str = "relu",
) -> list[Transform]:
    """From the base: `layers` of splines, one of affine maps, a sinh, and a linear layer."""
    positive_sizes(features=features, layers=layers)

    def given(univariate: Univariate) -> Autoregressive:
        return Autoregressive(features, univariate, None, context_features, hidden, activation)

    splines = [given(RationalQuadraticSpline(bins, bound)) for _ in range(layers)]
    return [*splines, given(Affine()), Sinh(tail), Cholesky(features, context_features)]


@recipe
def triangular(
    features: int,
    layers: int = 2,
    bins: int = 16,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    bound: float = 5.0,
    tail: float = 2.0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
) -> Flow:
    """A triangular flow: splines, affine maps and a linear layer, all in the features' own order.

    z_j depends on x_1 … x_j alone, so that each feature's distribution given those before it is in
    closed form, and such flows can be mixed into one (`pushforward.flows.stack`). The affine layer
    next to the data takes away what each feature's mean and scale owe to those before it, and the
    splines shape what is left: on tables this is worth more than turning the order around between
    layers.

    Args:
        features: d.
        layers: how many spline layers.
        bins: pieces of each spline.
        hidden: widths of each conditioner's hidden layers.
        context_features: length of the context vector, 0 for none.
        bound: the splines bend on [-bound, bound].
        tail: outliers beyond so many deviations are taken in logarithmically (`Sinh`).
        base: as in `pushforward.flows.nsf`.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        scaler: "standardize", "whiten" or "none".

    Raises:
        ConfigurationError: a size below one, or an unknown name.

    Example:
        >>> import torch
        >>> triangular(3).log_prob(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    body = triangular_layers(
        features, layers, bins, hidden, context_features, bound, tail, activation
    )
    return assemble(features, body, base, context_features, scaler)
