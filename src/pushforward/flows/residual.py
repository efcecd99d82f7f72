"""Recipes of maps that add one bend each: planar, radial and Sylvester flows."""

from __future__ import annotations

from collections.abc import Callable

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import Base, Scaler, assemble, positive_sizes, recipe
from pushforward.transforms import Inverse, Planar, Radial, Sylvester, Transform


def explicit_layers(
    make: Callable[[], Transform], features: int, layers: int, fast: str
) -> list[Transform]:
    """`layers` maps, as they are made ("sampling") or the other way round ("density").

    Raises:
        ConfigurationError: a size below one, or another word.
    """
    positive_sizes(features=features, layers=layers)
    if fast not in ("density", "sampling"):
        raise ConfigurationError(f'fast must be "density" or "sampling", but is {fast!r}.')
    body = [make() for _ in range(layers)]
    return [Inverse(layer) for layer in body] if fast == "density" else body


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
    body = explicit_layers(lambda: Planar(features, context_features), features, layers, fast)
    return assemble(features, body, base, context_features, scaler)


@recipe
def radial(
    features: int,
    layers: int = 10,
    context_features: int = 0,
    fast: str = "sampling",
    base: Base = "normal",
    scaler: Scaler = "standardize",
) -> Flow:
    """A composition of radial maps (Rezende & Mohamed 2015), closed form both ways.

    Arguments and errors as `planar`; `fast` only chooses which of two formulas acts on z.

    Example:
        >>> radial(2, layers=3).kind
        'exact'
    """
    body = explicit_layers(lambda: Radial(features, context_features), features, layers, fast)
    return assemble(features, body, base, context_features, scaler)


@recipe
def sylvester(
    features: int,
    columns: int | None = None,
    layers: int = 5,
    context_features: int = 0,
    fast: str = "sampling",
    base: Base = "normal",
    scaler: Scaler = "standardize",
) -> Flow:
    """A composition of Sylvester maps with Householder columns (van den Berg et al. 2018).

    Arguments and errors as `planar`, and

    Args:
        columns: how many directions each map bends at once, 1 to `features`; all where None.

    Example:
        >>> sylvester(3, columns=2, layers=2).sample((4,)).shape
        torch.Size([4, 3])
    """
    positive_sizes(features=features)
    body = explicit_layers(
        lambda: Sylvester(features, columns, context_features), features, layers, fast
    )
    return assemble(features, body, base, context_features, scaler)
