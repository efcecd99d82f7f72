"""The recipe of planar flows."""

from __future__ import annotations

from typing import cast

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.transforms import Inverse, Planar, Transform
from pushforward.univariate import Fast


@recipe
def planar(
    features: int,
    layers: int = 10,
    context_features: int = 0,
    fast: str = "sampling",
    base: Base = "normal",
    scaler: Scaler = "standardize",
) -> Flow:
    """A composition of planar maps (Rezende & Mohamed 2015).

    Args:
        features: d.
        layers: how many planar maps.
        context_features: length of the context vector, 0 for none.
        fast: "sampling" for x = f_K ∘ … ∘ f_1(z) with planar f (densities by root-finding), or
            "density" for planar f⁻¹ (likelihoods in closed form, samples by root-finding).
        base: "normal" (N(0, I)), "full", "uniform", "student_t", "mixture", or a distribution.
        scaler: what `initialize` sets at the data end: "standardize", "whiten", or "none".

    Raises:
        ConfigurationError: a size below one, or an unknown name.

    Example:
        >>> flow = planar(2, layers=3)
        >>> flow.sample((4,)).shape, flow.kind
        (torch.Size([4, 2]), 'numerical')
    """
    positive_sizes(features=features, layers=layers)
    if fast not in ("density", "sampling"):
        raise ConfigurationError(f'fast must be "density" or "sampling", but is {fast!r}.')
    direction = cast(Fast, fast)
    body: list[Transform] = [Planar(features, context_features) for _ in range(layers)]
    if direction == "density":
        body = [Inverse(layer) for layer in body]
    return assemble(features, body, base, context_features, scaler)
