"""Convolutions that see only what comes before, in the order in which one reads: row by row.

At each pixel `CausalNet` answers from the pixels above it, and those to its left in its own row.
All pixels are answered at once, or one after another (`CausalWalk`), each layer then remembering
its inputs so that a pixel costs what one pixel costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, linear, pad, relu

from pushforward.nets.attention import PatchAttention
from pushforward.nets.convolution import convolution_from_zero, per_channel


class CausalConv(nn.Conv2d):
    """(n, in, H, W) -> (n, out, H, W): of `rows` rows, the last one that of the pixel itself.

    van den Oord et al. 2016, "Pixel Recurrent Neural Networks", section 3.4. (Rows that are wider
    than two pixels a step reach beyond what theirs leaves out, its blind spot.)

    Args:
        rows, columns: how far it sees; `columns` odd, the pixel in the middle of the last row.
        strict: does it leave out the pixel itself?
    """

    mask: Tensor

    def __init__(
        self, inputs: int, outputs: int, rows: int, columns: int, strict: bool = False
    ) -> None:
        super().__init__(inputs, outputs, (rows, columns))
        self.rows, self.side = rows, columns // 2
        mask = torch.ones(1, 1, rows, columns)
        mask[..., -1, self.side + (0 if strict else 1) :] = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = pad(x, (self.side, self.side, self.rows - 1, 0))
        return conv2d(x, self.weight * self.mask, self.bias)

    def begin(self, n: int, height: int, width: int) -> ConvolvedSoFar:
        """Begin to answer pixel by pixel, for n images."""
        return ConvolvedSoFar(self, n, height, width)


class ConvolvedSoFar:
    """The inputs of one `CausalConv` up to some pixel."""

    def __init__(self, layer: CausalConv, n: int, height: int, width: int) -> None:
        self.layer = layer
        # (out, rows · columns · in), in the order in which a window of `seen` lies in memory
        self.weight = (layer.weight * layer.mask).permute(0, 2, 3, 1).flatten(1).contiguous()
        size = (n, height + layer.rows - 1, width + 2 * layer.side, layer.in_channels)
        self.seen = self.weight.new_zeros(size)

    def put(self, i: int, j: int, value: Tensor) -> None:
        """The input (n, in) of pixel (i, j)."""
        self.seen[:, i + self.layer.rows - 1, j + self.layer.side] = value

    def at(self, i: int, j: int) -> Tensor:
        """The answer (n, out) for pixel (i, j)."""
        window = self.seen[:, i : i + self.layer.rows, j : j + 2 * self.layer.side + 1]
        return linear(window.flatten(1), self.weight, self.layer.bias)


class CausalBlock(nn.Module):
    """h -> h + what a causal convolution of 3×3 pixels makes of it; it starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = CausalConv(width, width, 3, 3)
        self.out = convolution_from_zero(width, width, 1)

    def forward(self, h: Tensor) -> Tensor:
        added: Tensor = self.out(relu(self.conv(by_pixel(self.norm, h))))
        return h + added

    def begin(self, n: int, height: int, width: int) -> BlockSoFar:
        """Begin to answer pixel by pixel, for n images."""
        return BlockSoFar(self, n, height, width)


class BlockSoFar:
    """One `CausalBlock` up to some pixel."""

    def __init__(self, block: CausalBlock, n: int, height: int, width: int) -> None:
        self.block, self.conv = block, block.conv.begin(n, height, width)

    def step(self, i: int, j: int, h: Tensor) -> Tensor:
        """The stream (n, width) of pixel (i, j) behind the block, of that before it."""
        self.conv.put(i, j, self.block.norm(h))
        return h + pointwise(self.block.out, relu(self.conv.at(i, j)))


class Head(nn.Module):
    """The parameters of one channel of a pixel, of the stream and of the channels before it."""

    def __init__(self, width: int, before: int, hidden: int, n_params: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width + before, hidden, 1)
        self.second = convolution_from_zero(hidden, n_params, 1)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.second(gelu(self.first(x)))
        return answer

    def at(self, x: Tensor) -> Tensor:
        """The same of one pixel, (n, width + before) -> (n, n_params)."""
        return pointwise(self.second, gelu(pointwise(self.first, x)))


class CausalNet(nn.Module):
    """Features of pixels -> n_params numbers for each channel, which do not see it or later ones.

    What lies far to the right in the rows just above is seen by attention only, or not at all.

    x (n, C, F, H, W), context (n, c) -> (n, C, H, W, n_params): channel after channel within a
    pixel, pixel after pixel within a row.

    Args:
        shape: (C, H, W) of the images.
        features: F, numbers that describe a channel of a pixel.
        n_params: how many numbers are asked for; they start at zero.
        width: channels of the stream.
        blocks: how many causal convolutions of 3×3 pixels.
        attention: after how many of them, evenly spaced, all patches before are attended to.
        patch: pixels of a row that make one patch.
        heads: of the attention.
        context_features: length of the context vector, 0 for none.

    Raises:
        ConfigurationError: patches that do not divide a row.

    Example:
        >>> net = CausalNet((1, 4, 4), features=2, n_params=6, width=8, blocks=1)
        >>> net(torch.zeros(5, 1, 2, 4, 4)).shape
        torch.Size([5, 1, 4, 4, 6])
    """

    def __init__(
        self,
        shape: Sequence[int],
        features: int,
        n_params: int,
        width: int = 64,
        blocks: int = 8,
        attention: int = 0,
        patch: int = 4,
        heads: int = 4,
        context_features: int = 0,
    ) -> None:
        super().__init__()
        self.shape, self.n_params = torch.Size(shape), n_params
        channels, height, columns = self.shape
        self.stem = CausalConv(channels * features, width, 5, 9, strict=True)
        self.by_row = nn.Parameter(0.02 * torch.randn(width, height, 1))
        self.by_column = nn.Parameter(0.02 * torch.randn(width, 1, columns))
        self.given = nn.Linear(context_features, width, bias=False) if context_features else None
        stages: list[nn.Module] = []
        for k in range(blocks):
            stages.append(CausalBlock(width))
            if attention * (k + 1) // blocks > attention * k // blocks:
                stages.append(PatchAttention((height, columns), width, patch, heads))
        self.stages, self.norm = nn.ModuleList(stages), nn.LayerNorm(width)
        self.heads = nn.ModuleList(
            Head(width, c * features, 2 * width, n_params) for c in range(channels)
        )

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        flat = x.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        h = self.stem(flat) + (self.by_row + self.by_column)
        if self.given is not None:
            h = h + per_channel(self.given, context)
        for stage in self.stages:
            h = stage(h)
        h, step = by_pixel(self.norm, h), x.shape[2]
        answers = [
            head(h if c == 0 else torch.cat([h, flat[:, : c * step]], 1))
            for c, head in enumerate(self.heads)
        ]
        return torch.stack([a.permute(0, 2, 3, 1) for a in answers], 1)

    def walk(self, n: int, context: Tensor | None = None) -> CausalWalk:
        """Begin to answer number by number, for n images (context (n, c)), without gradients."""
        return CausalWalk(self, n, context)


class CausalWalk:
    """The numbers of n images in order: ask for the parameters of the next, then tell it."""

    def __init__(self, net: CausalNet, n: int, context: Tensor | None) -> None:
        self.net = net
        _, height, width = net.shape
        self.stem = net.stem.begin(n, height, width)
        self.stages = [stage.begin(n, height, width) for stage in net.stages]  # type: ignore[operator]
        self.place = net.by_row + net.by_column
        self.given = None if net.given is None else per_channel(net.given, context)[..., 0, 0]
        self.at, self.told = 0, list[Tensor]()
        self.stream = self.place.new_zeros(n, 0)

    def next(self) -> Tensor:
        """The parameters (n, n_params) of the next number, given those told before."""
        if not self.told:
            self.stream = self._stream()
        head: Head = self.net.heads[len(self.told)]  # type: ignore[assignment]
        return head.at(torch.cat([self.stream, *self.told], 1))

    def feed(self, features: Tensor) -> None:
        """The features (n, F) of the number that was asked for last."""
        self.told.append(features)
        if len(self.told) == self.net.shape[0]:
            self.stem.put(*self._pixel(), torch.cat(self.told, 1))
            self.at, self.told = self.at + 1, []

    def _pixel(self) -> tuple[int, int]:
        return divmod(self.at, self.net.shape[2])

    def _stream(self) -> Tensor:
        i, j = self._pixel()
        h = self.stem.at(i, j) + self.place[:, i, j]
        if self.given is not None:
            h = h + self.given
        for stage in self.stages:
            h = stage.step(i, j, h)
        return self.net.norm(h)


def by_pixel(norm: nn.LayerNorm, h: Tensor) -> Tensor:
    """The channels of every pixel normalised, (n, C, H, W)."""
    normal: Tensor = norm(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return normal


def pointwise(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution of 1×1 pixels at one pixel, (n, in) -> (n, out)."""
    return linear(x, layer.weight[:, :, 0, 0], layer.bias)
