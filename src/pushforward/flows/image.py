"""Recipes of images: Glow, and RealNVP with its multi-scale architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import torch

from pushforward.distributions import build_base
from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import Base, positive_sizes, recipe
from pushforward.nets import ContextScaler
from pushforward.transforms import Compose, Transform
from pushforward.transforms.image import (
    Conv1x1,
    Dequantize,
    ImageCoupling,
    Reshape,
    Split,
    Squeeze,
    VariationalDequantize,
    image_actnorm,
    logit_pixels,
)
from pushforward.univariate import (
    Affine,
    LogisticMixture,
    RationalQuadraticSpline,
    Univariate,
)

MAPS: dict[str, Callable[[], Univariate]] = {
    "affine": Affine,
    "logistics": partial(LogisticMixture, components=8),
    "spline": partial(RationalQuadraticSpline, bins=8, bound=5.0),
}
Noise = Literal["uniform", "variational", "none"]
Block = Callable[[int], list[Transform]]  # channels -> layers, in generative order


@recipe
def glow(
    shape: Sequence[int],
    levels: int = 2,
    steps: int = 8,
    hidden: int = 64,
    context_features: int = 0,
    univariate: str = "affine",
    dequantize: Noise = "uniform",
    values: int = 256,
    alpha: float = 0.05,
    base: Base = "normal",
    activation: str = "relu",
) -> Flow:
    """Glow: steps of actnorm, 1×1 convolution and coupling, on several scales.

    Kingma & Dhariwal 2018. The latent is one flat vector: the coarsest scale first, then what each
    finer one has split off, whitened given what went deeper.

    Args:
        shape: (C, H, W) of an image; H and W divisible by 2 as often as there are levels.
        levels: how many scales, each of half the sides of the one before.
        steps: how many steps on each scale.
        hidden: channels of each coupling's network, 3×3, 1×1 and 3×3 convolutions.
        context_features: length of the context vector, 0 for none.
        univariate: the couplings' map of one number, "affine", "spline", or "logistics" (a mixture,
            with samples by root-finding).
        dequantize: "uniform" or "variational" noise for images of whole numbers, so that `log_prob`
            is a bound on log P in nats; "none" for images of real ones, as they are.
        values: how many whole numbers there are, 0 … values - 1.
        alpha: how far the logit of whole numbers keeps from either end (`logit_pixels`).
        base: as in `pushforward.flows.nsf`, of C·H·W numbers.
        activation: one of `pushforward.nets.ACTIVATIONS`.

    Raises:
        ConfigurationError: a size below one, sides that cannot be halved so often, or an unknown
            name.

    Example:
        >>> import torch
        >>> flow = glow((1, 28, 28), levels=2, steps=1, hidden=8)
        >>> x = flow.sample((3,))
        >>> x.shape, flow.encode(x).shape, flow.kind
        (torch.Size([3, 1, 28, 28]), torch.Size([3, 784]), 'bound')
        >>> torch.equal(flow.decode(flow.encode(x)), x)
        True
    """
    positive_sizes(levels=levels, steps=steps, hidden=hidden)
    size = image_shape(shape, levels, "glow")
    made = map_called(univariate)

    def step(channels: int) -> list[Transform]:
        coupling = ImageCoupling(
            channels, made, None, context_features, (hidden, hidden), activation
        )
        return [coupling, Conv1x1(channels), image_actnorm(channels)]

    def body(channels: int) -> list[Transform]:
        return [layer for _ in range(steps) for layer in step(channels)]

    layers = scales(size, levels, lambda _channels: [], body, context_features)
    layers += whole_numbers(size[0], dequantize, values, alpha, hidden, context_features)
    return of_images(size, layers, base, context_features)


@recipe
def realnvp_image(
    shape: Sequence[int],
    levels: int = 2,
    blocks: int = 2,
    hidden: int = 32,
    context_features: int = 0,
    dequantize: Noise = "uniform",
    values: int = 256,
    alpha: float = 0.05,
    base: Base = "normal",
    activation: str = "relu",
) -> Flow:
    """RealNVP of images: three checkerboard couplings, a squeeze and three couplings of channels.

    Dinh et al. 2017, section 3.6, with actnorm in the place of batch normalization, so that an
    image's density does not depend on others. Arguments and errors as `glow`, and

    Args:
        blocks: residual blocks in each coupling's network.
        hidden: channels of these.

    Example:
        >>> import torch
        >>> flow = realnvp_image((3, 8, 8), levels=1, blocks=1, hidden=4)
        >>> flow.log_prob(torch.zeros(5, 3, 8, 8)).shape
        torch.Size([5])
    """
    positive_sizes(levels=levels, blocks=blocks, hidden=hidden)
    size = image_shape(shape, levels, "realnvp_image")
    widths = [hidden] * (1 + blocks)

    def couplings(channels: int, parts: Sequence[Sequence[int] | str]) -> list[Transform]:
        given = (context_features, widths, activation, "residual")
        pairs = [
            (ImageCoupling(channels, Affine(), part, *given), image_actnorm(channels))
            for part in parts
        ]
        return [layer for pair in pairs for layer in pair]

    def coarse(channels: int) -> list[Transform]:
        first, second = range(channels // 2), range(channels // 2, channels)
        return couplings(channels, [second, first, second])

    def fine(channels: int) -> list[Transform]:
        return couplings(channels, ["black", "white", "black"])

    layers = scales(size, levels, fine, coarse, context_features)
    layers += whole_numbers(size[0], dequantize, values, alpha, hidden, context_features)
    return of_images(size, layers, base, context_features)


def image_shape(shape: Sequence[int], levels: int = 0, name: str = "") -> torch.Size:
    """(C, H, W), if its sides can be halved so often.

    Raises:
        ConfigurationError: another number of sizes, one below one, or a side that is odd too soon.
    """
    size: list[Any] = list(shape) if isinstance(shape, list | tuple) else [shape]
    if len(size) != 3:
        raise ConfigurationError(f"shape must be (C, H, W), such as (1, 28, 28), but is {shape!r}.")
    channels, height, width = size
    positive_sizes(channels=channels, height=height, width=width)
    most = min((side & -side).bit_length() - 1 for side in (height, width))
    if levels > most:
        raise ConfigurationError(
            f"{name} with levels={levels} halves the sides {levels} times, but {height}×{width} "
            f"can be halved {most} times; "
            + (f"take levels of at most {most}." if most else "pad the images to even sides.")
        )
    return torch.Size(size)


def map_called(name: str) -> Univariate:
    """The map of one number by its name.

    Raises:
        ConfigurationError: it is not one of `MAPS`.
    """
    if name not in MAPS:
        raise ConfigurationError(f"univariate must be one of {', '.join(MAPS)}, but is {name!r}.")
    return MAPS[name]()


def scales(
    shape: torch.Size, levels: int, fine: Block, coarse: Block, context_features: int
) -> list[Transform]:
    """From a flat latent to images of that shape, scale by scale, in generative order.

    Seen from the data, each scale is `fine`, a squeeze, `coarse` on four times the channels, and a
    split whose second half of the channels is latent; the last one is latent as a whole.
    """
    channels, height, width = shape
    squeezed = torch.Size((4 * channels, height // 2, width // 2))
    if levels == 1:
        start: Transform = Reshape((squeezed.numel(),), squeezed)
    else:
        half = torch.Size((2 * channels, *squeezed[1:]))
        deeper = scales(half, levels - 1, fine, coarse, context_features)
        start = Split(squeezed, Compose(deeper), context_features)
    return [start, *coarse(4 * channels), Squeeze(), *fine(channels)]


def whole_numbers(
    channels: int, noise: str, values: int, alpha: float, hidden: int, context_features: int
) -> list[Transform]:
    """What the choice `noise` puts at the data end.

    Raises:
        ConfigurationError: another word, fewer than two values, or an impossible alpha.
    """
    if noise == "none":
        return []
    if noise == "uniform":
        return [*logit_pixels(values, alpha), Dequantize(values)]
    if noise == "variational":
        learned = VariationalDequantize(
            channels, values, context_features=context_features, hidden=(hidden, hidden)
        )
        return [*logit_pixels(values, alpha), learned]
    raise ConfigurationError(
        f'dequantize must be "uniform", "variational" or "none", but is {noise!r}.'
    )


def of_images(
    shape: torch.Size, layers: list[Transform], base: Base, context_features: int
) -> Flow:
    """A flow of images: a flat base, the layers, and a scaler of the context."""
    embed = ContextScaler(context_features) if context_features else None
    flow = Flow(build_base(base, math.prod(shape)), layers, embed, context_features)
    return flow.to(torch.get_default_dtype())  # a fixed affine map keeps its numbers in float64
