"""The same numbers as an event of another shape: a flat latent as an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms.base import Transform


class Reshape(Transform):
    """z of shape z_shape -> x of shape x_shape, the numbers in their order; log|det| = 0.

    Raises:
        ConfigurationError: shapes of different numbers of numbers.

    Example:
        >>> Reshape((12,), (3, 2, 2)).forward(torch.zeros(5, 12))[0].shape
        torch.Size([5, 3, 2, 2])
    """

    def __init__(self, z_shape: Sequence[int], x_shape: Sequence[int]) -> None:
        super().__init__()
        self.z_shape, self.x_shape = torch.Size(z_shape), torch.Size(x_shape)
        if math.prod(z_shape) != math.prod(x_shape):
            raise ConfigurationError(
                f"An event of shape {tuple(z_shape)} has {math.prod(z_shape)} numbers, which do "
                f"not make one of shape {tuple(x_shape)}."
            )
        self.event_ndim_in, self.event_ndim_out = len(self.z_shape), len(self.x_shape)

    def image(self, interval: Interval) -> Interval:
        return interval

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        if z_shape != self.z_shape:
            raise ShapeError(
                f"Reshape takes events of shape {tuple(self.z_shape)}, "
                f"but the event shape is {tuple(z_shape)}."
            )
        return self.x_shape

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._to(z, self.z_shape, self.x_shape)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._to(x, self.x_shape, self.z_shape)

    def _to(self, value: Tensor, old: torch.Size, new: torch.Size) -> tuple[Tensor, Tensor]:
        batch = value.shape[: value.ndim - len(old)]
        if value.shape != batch + old:
            raise ShapeError(
                f"Reshape takes events of shape {tuple(old)}, "
                f"but was given shape {tuple(value.shape)}."
            )
        return value.reshape(batch + new), value.new_zeros(batch)
