"""The recipe of neural spline flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.autoregressive import autoregressive_layers
from pushforward.flows.coupling import coupling_layers
from pushforward.flows.recipe import Base, Scaler, assemble, recipe
from pushforward.nets import Adjacency
from pushforward.univariate import RationalQuadraticSpline


@recipe
def nsf(
    features: int,
    wiring: Literal["coupling", "autoregressive"] = "autoregressive",
    bins: int = 8,
    layers: int = 5,
    hidden: Sequence[int] = (128, 128),
    context_features: int = 0,
    bound: float = 5.0,
    base: Base = "normal",
    activation: str = "relu",
    scaler: Scaler = "standardize",
    adjacency: Adjacency | None = None,
) -> Flow:
    """Neural spline flow: rational-quadratic splines in either wiring (Durkan et al. 2019).

    Args:
        features: d.
        wiring: "autoregressive" (more expressive) or "coupling" (both directions in one pass).
        bins: pieces of each spline.
        layers: how many couplings or autoregressive transforms.
        hidden: widths of each conditioner's hidden layers.
        context_features: length of the context vector, 0 for none.
        bound: the splines bend on [-bound, bound], in standardized units.
        base: "normal" (N(0, I)), "full", "uniform", "student_t", "mixture", or a distribution.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        scaler: what `initialize` sets at the data end: "standardize", "whiten", or "none" (which
            leaves the context as it is, too).
        adjacency: for the autoregressive wiring: adjacency[i][j] says that feature i depends on
            feature j, a graph without cycles; anything on anything where None.

    Raises:
        ConfigurationError: a size below one, an unknown name, a graph with a cycle, or one for
            couplings.

    Example:
        >>> import torch
        >>> flow = nsf(2, wiring="coupling", layers=2)
        >>> flow.sample((3,)).shape, flow.log_prob(torch.zeros(3, 2)).shape
        (torch.Size([3, 2]), torch.Size([3]))
    """
    spline = RationalQuadraticSpline(bins, bound)
    if wiring not in ("coupling", "autoregressive"):
        raise ConfigurationError(
            f'wiring must be "coupling" or "autoregressive", but is {wiring!r}.'
        )
    sizes = (features, spline, layers, hidden, context_features, activation)
    if wiring == "autoregressive":
        body = autoregressive_layers(*sizes, adjacency=adjacency)
    elif adjacency is None:
        body = coupling_layers(*sizes)
    else:
        raise ConfigurationError('adjacency is for wiring="autoregressive"; a coupling has none.')
    return assemble(features, body, base, context_features, scaler)
