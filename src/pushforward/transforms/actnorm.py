"""Actnorm: a trainable affine layer that starts from the data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pushforward.nets import location_and_scale
from pushforward.transforms.base import Transform


class ActNorm(Transform):
    """x = loc + exp(log_scale)·z, set by `initialize` so that each z has mean 0, deviation 1.

    Kingma & Dhariwal 2018 ("Glow"), section 3.1. The identity until it is initialized or trained.

    Args:
        features: length of the last dimension.
        trainable: False keeps the two vectors as they were set (see `Standardize`).

    Example:
        >>> layer = ActNorm(1)
        >>> layer.initialize(torch.tensor([[1.0], [3.0]]))
        >>> layer.inverse(torch.tensor([[3.0]]))[0].item()
        1.0
    """

    event_ndim_in = event_ndim_out = 1
    loc: Tensor
    log_scale: Tensor

    def __init__(self, features: int, trainable: bool = True) -> None:
        super().__init__()
        self.features = features
        for name in ("loc", "log_scale"):
            value = torch.zeros(features)
            if trainable:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        loc, scale = location_and_scale(x, x.shape[-1], weight)
        self.loc.copy_(loc)
        self.log_scale.copy_(scale.log())

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return self.loc + self.log_scale.exp() * z, self._log_det(z)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return (x - self.loc) * (-self.log_scale).exp(), -self._log_det(x)

    def _log_det(self, like: Tensor) -> Tensor:
        return self.log_scale.sum().expand(like.shape[:-1])
