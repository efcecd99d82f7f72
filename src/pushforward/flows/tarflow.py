"""The recipe of images as sequences of patches: TarFlow."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.flow import Flow
from pushforward.flows.image import Noise, image_shape, map_called, of_images, whole_numbers
from pushforward.flows.recipe import Base, positive_sizes, recipe
from pushforward.transforms import Transform
from pushforward.transforms.image import (
    PatchAutoregressive,
    Patches,
    Reshape,
    image_actnorm,
)


@recipe
def tarflow(
    shape: Sequence[int],
    patch: int = 4,
    blocks: int = 4,
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    context_features: int = 0,
    dequantize: Noise = "uniform",
    values: int = 256,
    alpha: float = 0.05,
    base: Base = "normal",
    activation: str = "gelu",
) -> Flow:
    """TarFlow: blocks of affine maps of patches, each given those before it, by transformers.

    Zhai et al. 2024, "Normalizing Flows are Capable Generative Models". One block goes from the
    first patch to the last, the next one from the last to the first, and so on. A density is one
    pass; a sample goes patch by patch and takes as many multiplications, since what the
    transformers have made of the patches before is kept. The latent is one flat vector, patch after
    patch.

    Args:
        shape: (C, H, W) of an image.
        patch: the side of a patch, which divides both of the image's.
        blocks: how many maps.
        layers: of each one's transformer.
        width: of its stream.
        heads: of its attentions, which share the width.
        context_features: length of the context vector, 0 for none; it is added to every patch.
        dequantize, values, alpha: as in `pushforward.flows.glow`.
        base: as in `pushforward.flows.nsf`, of C·H·W numbers.
        activation: one of `pushforward.nets.ACTIVATIONS`.

    Raises:
        ConfigurationError: a size below one, patches that do not tile the image, heads that do not
            divide the width, or an unknown name.

    Example:
        >>> import torch
        >>> flow = tarflow((3, 8, 8), blocks=2, layers=1, width=8, heads=2, values=17)
        >>> x = flow.sample((2,))
        >>> x.shape, flow.log_prob(x).shape, flow.kind
        (torch.Size([2, 3, 8, 8]), torch.Size([2]), 'bound')
        >>> torch.equal(flow.decode(flow.encode(x)), x)
        True
    """
    positive_sizes(patch=patch, blocks=blocks, layers=layers, width=width, heads=heads)
    size = image_shape(shape)
    cut = Patches(size, patch)
    tokens, features = cut.flat.z_shape
    net = (context_features, layers, width, heads, activation)
    steps: list[Transform] = [Reshape((size.numel(),), cut.flat.z_shape)]
    affine = map_called("affine")
    steps += [
        PatchAutoregressive(tokens, features, affine, i % 2 == 1, *net) for i in range(blocks)
    ]
    steps += [cut, image_actnorm(size[0])]
    steps += whole_numbers(size[0], dequantize, values, alpha, width, context_features)
    return of_images(size, steps, base, context_features)
