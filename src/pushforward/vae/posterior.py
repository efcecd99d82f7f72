"""q(z|x): a normal distribution, pushed through layers of this package."""

from __future__ import annotations

import math
from typing import Literal

from torch import nn

from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.autoregressive import autoregressive_layers
from pushforward.flows.coupling import coupling_layers
from pushforward.flows.residual import explicit_layers
from pushforward.transforms import Coupling, Planar, Transform
from pushforward.univariate import Affine, RationalQuadraticSpline

Posterior = Literal["gaussian", "planar", "iaf", "nsf"]


def posterior_flow(latent: int, kind: str, layers: int, width: int) -> Flow:
    """q(z|x) as a flow conditioned on features of x.

    ε ~ N(0, I) is scaled and moved, each coordinate by itself ("gaussian"), and then goes through
    planar maps (Rezende & Mohamed 2015), inverse autoregressive ones (Kingma et al. 2016), or
    couplings with splines (Durkan et al. 2019), each conditioned on the features as well.

    Args:
        latent: length of z.
        kind: "gaussian", "planar", "iaf" or "nsf".
        layers: how many layers follow the normal distribution; of no use to "gaussian".
        width: of the features, and of the layers' hidden ones.

    Raises:
        ConfigurationError: a size below one, or another word.

    Example:
        >>> import torch
        >>> posterior = posterior_flow(2, "iaf", layers=1, width=8)
        >>> posterior.sample((), torch.zeros(5, 8)).shape
        torch.Size([5, 2])
    """
    scaled = Coupling(
        latent, Affine(), range(latent), context_features=width, hidden=(), fast="sampling"
    )
    # It says something of x from the first step on: a decoder that hears nothing at first learns
    # to do without z, and is slow to unlearn it.
    out = scaled.conditioner.out
    shift, log_scale = out.weight[0::2], out.bias[1::2]
    nn.init.normal_(shift, std=0.5 / math.sqrt(width))
    nn.init.constant_(log_scale, -1.0)
    return Flow(Normal(latent), [scaled, *_layers(latent, kind, layers, width)], None, width)


def _layers(latent: int, kind: str, layers: int, width: int) -> list[Transform]:
    sizes = (layers, (width, width), width, "relu")
    if kind == "gaussian":
        return []
    if kind == "planar":
        return explicit_layers(lambda: Planar(latent, width), latent, layers, "sampling")
    if kind == "iaf":
        return autoregressive_layers(latent, Affine(), *sizes, fast="sampling")
    if kind == "nsf":
        return coupling_layers(latent, RationalQuadraticSpline(bins=8, bound=5.0), *sizes)
    raise ConfigurationError(
        f'posterior must be "gaussian", "planar", "iaf" or "nsf", but is {kind!r}.'
    )
