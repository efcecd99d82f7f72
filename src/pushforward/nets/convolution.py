"""Convolutional conditioners: from channels that are known, and a context, to a map's parameters.

Both start at zero, so that a transform conditioned by one starts at the identity. Neither looks at
other images of its batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.kernels.layer import INPUT_LIMIT
from pushforward.nets.mlp import activation_called, hidden_sizes


class ConvNet(nn.Module):
    """(n, in_channels, H, W), context (n, context_features) -> (n, out_channels, H, W).

    Convolutions of 3×3, 1×1, …, 3×3 pixels (Kingma & Dhariwal 2018, "Glow", section 3.3); a context
    is added to each channel of the first, the same at every pixel. With no inputs at all it sees a
    plane of ones, whose edges it can tell by their padding.

    Args:
        in_channels, out_channels: of images.
        hidden: channels between; with none, one convolution of 3×3.
        context_features: length of the context vector, 0 for none.
        activation: one of `pushforward.nets.ACTIVATIONS`.

    Raises:
        ConfigurationError: a width below one, or an unknown activation.

    Example:
        >>> ConvNet(2, 6, hidden=(8, 8))(torch.ones(5, 2, 4, 4)).shape
        torch.Size([5, 6, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden: Sequence[int] = (64, 64),
        context_features: int = 0,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.in_channels, self.function = in_channels, activation_called(activation)
        widths = (max(in_channels, 1), *hidden_sizes(hidden))
        sizes = (3, *(1 for _ in widths[2:]))
        self.hidden = nn.ModuleList(
            nn.Conv2d(a, b, size, padding=size // 2)
            for (a, b), size in zip(itertools.pairwise(widths), sizes, strict=False)
        )
        self.out = convolution_from_zero(widths[-1], out_channels, 3)
        first = widths[1] if len(widths) > 1 else out_channels
        self.given = nn.Linear(context_features, first, bias=False) if context_features else None
        if self.given is not None and not self.hidden:
            nn.init.zeros_(self.given.weight)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        h = seen(x, self.in_channels)
        for i, layer in enumerate([*self.hidden, self.out]):
            h = layer(h if i == 0 else self.function(h))
            if i == 0 and self.given is not None:
                h = h + per_channel(self.given, context)
        return h


class ResidualConvNet(nn.Module):
    """The same with residual blocks of two 3×3 convolutions (Dinh et al. 2017, section 3.6).

    Args:
        hidden: the channels of the stream, then those inside each block.

    Example:
        >>> ResidualConvNet(2, 6, hidden=(8, 4))(torch.ones(5, 2, 4, 4)).shape
        torch.Size([5, 6, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden: Sequence[int] = (64, 64),
        context_features: int = 0,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.in_channels, self.function = in_channels, activation_called(activation)
        width, *inside = hidden_sizes(hidden) or (out_channels,)
        self.first = nn.Conv2d(max(in_channels, 1), width, 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(width, size, 3, padding=1) for size in inside)
        self.up = nn.ModuleList(nn.Conv2d(size, width, 3, padding=1) for size in inside)
        self.out = convolution_from_zero(width, out_channels, 1)
        self.given = nn.Linear(context_features, width, bias=False) if context_features else None

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        h = self.first(seen(x, self.in_channels))
        if self.given is not None:
            h = h + per_channel(self.given, context)
        for down, up in zip(self.down, self.up, strict=True):
            h = h + up(self.function(down(self.function(h))))
        out: Tensor = self.out(self.function(h))
        return out


CONVOLUTIONS: dict[str, type[nn.Module]] = {"plain": ConvNet, "residual": ResidualConvNet}


def convolution_from_zero(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    """A convolution of size × size pixels that starts at zero."""
    device = torch.get_default_device()  # "meta" where only shapes are wanted
    layer = nn.utils.skip_init(nn.Conv2d, inputs, outputs, size, padding=size // 2, device=device)
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def seen(x: Tensor, channels: int) -> Tensor:
    """What the first convolution is given: x held within limits, or ones where there is no x."""
    if not channels:
        return x.new_ones(len(x), 1, *x.shape[2:])
    # Channels last: convolutions in bfloat16 are then some three times as fast on a CPU.
    return x.clamp(-INPUT_LIMIT, INPUT_LIMIT).contiguous(memory_format=torch.channels_last)


def per_channel(given: nn.Linear, context: Tensor | None) -> Tensor:
    """What a context (n, c) adds to each channel, (n, channels, 1, 1)."""
    assert context is not None
    added: Tensor = given(context.clamp(-INPUT_LIMIT, INPUT_LIMIT))
    return added[..., None, None]
