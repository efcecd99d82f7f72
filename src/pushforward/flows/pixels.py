"""The recipe of images taken number by number, with exact probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.image import image_shape, of_images
from pushforward.flows.recipe import positive_sizes, recipe
from pushforward.transforms.image import PixelByPixel


@recipe
def pixels(
    shape: Sequence[int],
    width: int = 64,
    blocks: int = 8,
    attention: int = 0,
    patch: int = 4,
    heads: int = 4,
    law: str = "categories",
    context_features: int = 0,
    values: int = 256,
) -> Flow:
    """Images of whole numbers in one order throughout: each number an exact cell of Φ(z).

    Causal convolutions, and attention to patches before, tell the law of each number from those
    before it (van den Oord et al. 2016). `log_prob` is the log of a probability, in nats, without
    noise; `kind` is "exact". Density is one pass, and so is a sample, pixel by pixel.

    Args:
        shape: (C, H, W) of an image.
        width: channels of the network's stream.
        blocks: causal convolutions of 3×3 pixels.
        attention: after how many of them, evenly spaced, each patch attends to those before it.
        patch: pixels of a row that make a patch.
        heads: of the attention.
        law: "categories", a probability for each number, or "logistics", a mixture of ten
            logistics in cells.
        context_features: length of the context vector, 0 for none.
        values: how many whole numbers there are, 0 … values - 1.

    Raises:
        ConfigurationError: a size below one, more attention than blocks, patches that do not
            divide a row, or an unknown law.

    Example:
        >>> import torch
        >>> flow = pixels((1, 4, 4), width=8, blocks=1, values=4)
        >>> x = flow.sample((3,))
        >>> x.shape, flow.log_prob(x).shape, flow.kind
        (torch.Size([3, 1, 4, 4]), torch.Size([3]), 'exact')
        >>> torch.equal(flow.decode(flow.encode(x)), x)
        True
    """
    size = image_shape(shape)
    positive_sizes(width=width, blocks=blocks, patch=patch, heads=heads)
    if (
        isinstance(attention, bool)
        or not isinstance(attention, int)
        or not 0 <= attention <= blocks
    ):
        raise ConfigurationError(
            f"attention must be a whole number from 0 to blocks={blocks}, but is {attention!r}."
        )
    layer = PixelByPixel(
        size,
        law,
        values,
        context_features,
        width=width,
        blocks=blocks,
        attention=attention,
        patch=patch,
        heads=heads,
    )
    return of_images(size, [layer], "normal", context_features)
