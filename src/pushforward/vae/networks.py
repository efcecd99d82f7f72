"""The networks of a variational autoencoder: from what is seen to features, from latents back.

None of them looks at other samples of its batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, relu

from pushforward.nets.convolution import per_channel


class LinearEncoder(nn.Module):
    """Vectors (n, d) and a context (n, c) -> features (n, width), one linear map."""

    def __init__(self, features: int, width: int, context_features: int = 0) -> None:
        super().__init__()
        self.out = nn.Linear(features + context_features, width)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        return self.out(joined(x, context))


class LinearDecoder(nn.Module):
    """Latents (n, latent) and a context (n, c) -> parameters (n, d, P), one linear map."""

    def __init__(self, latent: int, features: int, n_params: int, context_features: int = 0):
        super().__init__()
        self.features = features
        self.out = nn.Linear(latent + context_features, features * n_params)

    def forward(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        params: Tensor = self.out(joined(z, context))
        return params.unflatten(-1, (self.features, -1))

    def start(self, params: Tensor) -> None:
        """Begin near parameters (d, P), whatever z is."""
        nn.init.normal_(self.out.weight, std=0.4 / math.sqrt(self.out.in_features))
        self.out.bias.copy_(params.flatten())


class Residual(nn.Module):
    """h + conv(relu(conv(relu(h)))), 3×3 pixels, of (n, width, H, W) (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.second(relu(self.first(relu(h))))


class ConvEncoder(nn.Module):
    """Images (n, C, H, W) and a context (n, c) -> features (n, width).

    Two convolutions of stride 2, each before a residual block; sides are halved and rounded up.

    Args:
        shape: (C, H, W).
        hidden: channels at half the size; twice as many at a quarter.
        width: of the features.
        context_features: length of the context vector, 0 for none.

    Example:
        >>> ConvEncoder((1, 9, 7), 4, 6)(torch.zeros(5, 1, 9, 7)).shape
        torch.Size([5, 6])
    """

    def __init__(
        self, shape: Sequence[int], hidden: int, width: int, context_features: int = 0
    ) -> None:
        super().__init__()
        channels, *sides = shape
        self.first = nn.Conv2d(channels, hidden, 3, stride=2, padding=1)
        self.given = nn.Linear(context_features, hidden, bias=False) if context_features else None
        self.fine = Residual(hidden)
        self.down = nn.Conv2d(hidden, 2 * hidden, 3, stride=2, padding=1)
        self.coarse = Residual(2 * hidden)
        self.narrow = nn.Conv2d(2 * hidden, hidden, 1)
        self.out = nn.Linear(hidden * math.prod(halved(halved(sides))), width)
        begin(self)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        h = self.first(x.contiguous(memory_format=torch.channels_last))
        if self.given is not None:
            h = h + per_channel(self.given, context)
        h = self.coarse(self.down(relu(self.fine(h))))
        return relu(self.out(relu(self.narrow(relu(h))).flatten(1)))


class ConvDecoder(nn.Module):
    """Latents (n, latent) and a context (n, c) -> parameters (n, C, H, W, P) of each number.

    A residual block at a quarter of the size, at half, and at the full one; the sides are doubled
    by turning four channels into four pixels (Shi et al. 2016) and cut to those of the image.

    Args:
        latent: length of z.
        shape: (C, H, W).
        hidden: channels at half the size; twice as many at a quarter, half at the full one.
        n_params: P, for each number of the image.
        context_features: length of the context vector, 0 for none.

    Example:
        >>> ConvDecoder(2, (1, 9, 7), 4, n_params=3)(torch.zeros(5, 2)).shape
        torch.Size([5, 1, 9, 7, 3])
    """

    def __init__(
        self,
        latent: int,
        shape: Sequence[int],
        hidden: int,
        n_params: int,
        context_features: int = 0,
    ) -> None:
        super().__init__()
        self.channels, *sides = shape
        self.sides = [sides, halved(sides), halved(halved(sides))]
        few = max(hidden // 2, 1)
        self.first = nn.Linear(latent + context_features, hidden * math.prod(self.sides[2]))
        self.widen = nn.Conv2d(hidden, 2 * hidden, 1)
        self.coarse = Residual(2 * hidden)
        self.up = nn.Conv2d(2 * hidden, 4 * hidden, 1)
        self.middle = Residual(hidden)
        self.up_again = nn.Conv2d(hidden, 4 * few, 3, padding=1)
        self.fine = Residual(few)
        self.out = nn.Conv2d(few, self.channels * n_params, 1)
        begin(self)

    def forward(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        h = self.first(joined(z, context)).unflatten(1, (-1, *self.sides[2]))
        h = self.widen(relu(h).contiguous(memory_format=torch.channels_last))
        h = doubled(self.up(relu(self.coarse(h))), self.sides[1])
        h = doubled(self.up_again(relu(self.middle(h))), self.sides[0])
        params: Tensor = self.out(relu(self.fine(h)))
        return params.unflatten(1, (self.channels, -1)).movedim(2, -1)

    def start(self, params: Tensor) -> None:
        """Begin near parameters (C, P) of each channel, whatever z is."""
        nn.init.normal_(self.out.weight, std=0.4 / math.sqrt(self.out.in_channels))
        assert self.out.bias is not None
        self.out.bias.copy_(params.flatten())


def halved(sides: list[int]) -> list[int]:
    """Height and width after a convolution of stride 2."""
    return [-(-side // 2) for side in sides]


def doubled(h: Tensor, sides: list[int]) -> Tensor:
    """(n, 4·K, H, W) -> (n, K, *sides), where `sides` are 2H and 2W or one less."""
    cut = pixel_shuffle(h, 2)[..., : sides[0], : sides[1]]
    return cut.contiguous(memory_format=torch.channels_last)


def begin(net: nn.Module) -> None:
    """First weights that keep the size of what goes through (He et al. 2015), with idle blocks.

    They are laid out pixel by pixel: else convolutions in bfloat16 are several times slower.
    """
    for part in net.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    for part in net.modules():
        if isinstance(part, Residual):
            nn.init.zeros_(part.second.weight)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def joined(values: Tensor, context: Tensor | None) -> Tensor:
    """(n, d) and (n, c) as (n, d + c)."""
    return values if context is None else torch.cat([values, context.to(values)], -1)
