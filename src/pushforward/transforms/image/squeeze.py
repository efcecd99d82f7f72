"""Blocks of 2×2 pixels as channels, as they are or as wavelets."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from pushforward.constraints import Interval, real
from pushforward.errors import ShapeError
from pushforward.transforms.image.layer import ImageLayer


class Squeeze(ImageLayer):
    """z (4C, H/2, W/2) <-> x (C, H, W): each 2×2 block of pixels becomes four channels.

    log|det| = 0. Channel 4c + 2i + j of z is the pixel (i, j) of each block of channel c of x (Dinh
    et al. 2017, section 3.6).

    Example:
        >>> z, log_det = Squeeze().inverse(torch.arange(4.0).reshape(1, 2, 2))
        >>> z.shape, z.flatten().tolist()
        (torch.Size([4, 1, 1]), [0.0, 1.0, 2.0, 3.0])
    """

    def image(self, interval: Interval) -> Interval:
        return interval

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        c, h, w = super().event_shape(z_shape)
        if c % 4:
            raise ShapeError(
                f"{type(self).__name__} makes one channel of four, but the event shape "
                f"{tuple(z_shape)} has {c}."
            )
        return torch.Size((c // 4, 2 * h, 2 * w))

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        c, h, w = self.event_shape(z.shape[-3:])
        blocks = self._blocks(z)  # (*batch, C, 2, 2, H/2, W/2)
        x = blocks.movedim((-4, -3), (-3, -1)).reshape(*z.shape[:-3], c, h, w)
        return x, z.new_zeros(z.shape[:-3])

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        c, h, w = x.shape[-3:]
        if h % 2 or w % 2:
            raise ShapeError(
                f"{type(self).__name__} takes images of even height and width, but was given "
                f"shape {tuple(x.shape)}."
            )
        blocks = x.reshape(*x.shape[:-3], c, h // 2, 2, w // 2, 2).movedim((-3, -1), (-4, -3))
        return self._channels(blocks), x.new_zeros(x.shape[:-3])

    def _blocks(self, z: Tensor) -> Tensor:
        """(*batch, 4C, h, w) -> (*batch, C, 2, 2, h, w)."""
        return z.unflatten(-3, (z.shape[-3] // 4, 2, 2))

    def _channels(self, blocks: Tensor) -> Tensor:
        """(*batch, C, 2, 2, h, w) -> (*batch, 4C, h, w)."""
        return blocks.flatten(-5, -3)


class Haar(Squeeze):
    """z (4C, H/2, W/2) <-> x (C, H, W): the orthonormal Haar wavelets of 2×2 blocks; log|det| = 0.

    The first C channels of z are twice the blocks' means, and then C each of the differences along
    the width, along the height, and across: a `Split` behind it keeps the coarse image first
    (Yu et al. 2020, "Wavelet Flow").

    Example:
        >>> Haar().inverse(torch.ones(1, 2, 2))[0].flatten().tolist()
        [2.0, 0.0, 0.0, 0.0]
    """

    WAVELETS: ClassVar[list[list[float]]] = [  # its own inverse; halves are exact in any precision
        [0.5, 0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5, -0.5],
        [0.5, 0.5, -0.5, -0.5],
        [0.5, -0.5, -0.5, 0.5],
    ]

    def image(self, interval: Interval) -> Interval:
        return real

    def _blocks(self, z: Tensor) -> Tensor:
        waves = z.unflatten(-3, (4, z.shape[-3] // 4))
        pixels = torch.einsum("kp,...kchw->...cphw", self._matrix(z), waves)
        return pixels.unflatten(-3, (2, 2))

    def _channels(self, blocks: Tensor) -> Tensor:
        pixels = blocks.flatten(-4, -3)
        waves = torch.einsum("kp,...cphw->...kchw", self._matrix(blocks), pixels)
        return waves.flatten(-4, -3)

    def _matrix(self, like: Tensor) -> Tensor:
        return like.new_tensor(self.WAVELETS)
