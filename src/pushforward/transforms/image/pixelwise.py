"""A map of vectors at every pixel of an image."""

from __future__ import annotations

from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError
from pushforward.transforms.actnorm import ActNorm
from pushforward.transforms.base import Transform
from pushforward.transforms.image.layer import ImageLayer


class Pixelwise(ImageLayer):
    """A transform of vectors of C numbers, applied to the channels of each pixel alike.

    log|det| is the sum over the pixels. `initialize` sets the transform from all pixels of a batch.

    Raises:
        ConfigurationError: the transform is not one of vectors.

    Example:
        >>> import torch
        >>> from pushforward.transforms import LULinear
        >>> x, log_det = Pixelwise(LULinear(3)).forward(torch.zeros(5, 3, 4, 4))
        >>> x.shape, log_det.shape
        (torch.Size([5, 3, 4, 4]), torch.Size([5]))
    """

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        if (transform.event_ndim_in, transform.event_ndim_out) != (1, 1):
            raise ConfigurationError(
                f"Pixelwise takes a transform of vectors, but {type(transform).__name__} takes "
                f"events of {transform.event_ndim_in} dimensions."
            )
        self.transform, self.channels = transform, transform.features
        self.domain, self.codomain = transform.domain, transform.codomain
        self.kind, self.cheap = transform.kind, transform.cheap
        self.context_features = transform.context_features

    def image(self, interval: Interval) -> Interval:
        return self.transform.image(interval)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        x, log_det = self.transform.forward(z.movedim(-3, -1), at_pixels(context))
        return x.movedim(-1, -3), log_det.sum((-2, -1))

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        z, log_det = self.transform.inverse(x.movedim(-3, -1), at_pixels(context))
        return z.movedim(-1, -3), log_det.sum((-2, -1))

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        pixels = x.movedim(-3, -1)
        if weight is not None:
            weight = weight[..., None, None].expand(pixels.shape[:-1])
        self.transform.initialize(pixels, at_pixels(context), weight)


def at_pixels(context: Tensor | None) -> Tensor | None:
    """A context (..., c) for images as one for their pixels, (..., 1, 1, c)."""
    return None if context is None else context[..., None, None, :]


def image_actnorm(channels: int) -> Pixelwise:
    """A scale and a shift of each channel, set from the first batch (`ActNorm` at every pixel).

    Kingma & Dhariwal 2018, section 3.1.

    Example:
        >>> import torch
        >>> layer = image_actnorm(1)
        >>> layer.initialize(torch.tensor([[[1.0, 3.0]]]))
        >>> layer.inverse(torch.tensor([[[3.0]]]))[0].item()
        1.0
    """
    return Pixelwise(ActNorm(channels))
