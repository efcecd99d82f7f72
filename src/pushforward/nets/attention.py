"""Attention of a patch of pixels to all patches before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.nets.transformer import Cache, TransformerBlock


class PatchAttention(nn.Module):
    """h (n, width, H, W) -> h + what the patches before each patch add to it; begins as identity.

    Patches are runs of `patch` pixels within a row, in the order of reading, so that what comes
    before a patch comes before each of its pixels (Vaswani et al. 2017, masked self-attention).

    Raises:
        ConfigurationError: patches that do not divide a row, or heads that do not divide the width.

    Example:
        >>> PatchAttention((2, 4), width=8, patch=2, heads=2)(torch.zeros(5, 8, 2, 4)).shape
        torch.Size([5, 8, 2, 4])
    """

    def __init__(self, size: Sequence[int], width: int, patch: int = 4, heads: int = 4) -> None:
        super().__init__()
        height, columns = size
        self.patch, self.size = patch, 2 * width
        if columns % patch or self.size % heads:
            raise ConfigurationError(
                f"Patches of {patch} pixels must divide a row of {columns}, and {heads} heads "
                f"{self.size} channels, twice the width."
            )
        count = height * columns // patch
        self.norm = nn.LayerNorm(width)
        self.token = nn.Linear(width * patch, self.size)
        self.place = nn.Parameter(0.02 * torch.randn(count, self.size))
        self.block = TransformerBlock(self.size, heads, "gelu")
        self.out = nn.Linear(self.size, width * patch)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, h: Tensor) -> Tensor:
        n, width, height, columns = h.shape
        tokens = self.token(
            self.norm(h.permute(0, 2, 3, 1)).reshape(n, len(self.place), self.patch * width)
        )
        tokens = torch.cat([torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], 1) + self.place
        added = self.out(self.block(tokens)).reshape(n, height, columns, width)
        return h + added.permute(0, 3, 1, 2)

    def begin(self, n: int, height: int, width: int) -> AttendedSoFar:
        """Begin to answer pixel by pixel, for n images."""
        return AttendedSoFar(self, n)


class AttendedSoFar:
    """One `PatchAttention` up to some pixel: keys and values of the patches before are kept."""

    def __init__(self, layer: PatchAttention, n: int) -> None:
        self.layer = layer
        count, size = layer.place.shape
        self.cache = Cache(count)
        self.token = layer.place.new_zeros(n, size)
        self.pixels, self.added = list[Tensor](), Tensor()
        self.patch = 0

    def step(self, i: int, j: int, h: Tensor) -> Tensor:
        """The stream (n, width) of pixel (i, j) behind the layer, of that before it."""
        layer, k = self.layer, len(self.pixels)
        if k == 0:
            self.added = self._attend()
        self.pixels.append(layer.norm(h))
        if k + 1 == layer.patch:
            self.token = layer.token(torch.cat(self.pixels, 1))
            self.pixels, self.patch = [], self.patch + 1
        return h + self.added[:, k]

    def _attend(self) -> Tensor:
        """What is added to each pixel of the next patch, (n, patch, width)."""
        layer = self.layer
        token = (self.token + layer.place[self.patch])[:, None]
        answer: Tensor = layer.out(layer.block(token, self.cache))
        return answer.reshape(len(token), layer.patch, -1)
