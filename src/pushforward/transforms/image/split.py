"""Multi-scale flows: half of the channels become latent, the others go deeper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms.base import Transform, accept_context, weakest
from pushforward.transforms.compose import Compose
from pushforward.transforms.image.coupling import ImageCoupling
from pushforward.univariate import Univariate


class Split(Transform):
    """z, one flat vector -> x (C, H, W): the first half of the channels comes from deeper layers.

    On the way to the latent, x is cut into h (the first C//2 channels) and y. What is left of y
    given h, (y - m(h))/s(h), is the end of the latent, and the deeper layers' latent of h its
    beginning; m and s are a network's, so that y has a conditional normal prior. Encoding and
    decoding undo each other, since all of it is one bijection (Dinh et al. 2017, section 3.6;
    Kingma & Dhariwal 2018, appendix B).

    Args:
        shape: (C, H, W) of x.
        deeper: from a flat latent of C//2·H·W numbers to images (C//2, H, W), a transform or a list
            of them in generative order: `Reshape` first, or another `Split`.
        context_features: length of the context vector, 0 for none.
        hidden: channels of the prior's network; one convolution where there are none.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        univariate: the map of y given h, affine where None.

    Raises:
        ConfigurationError: fewer than two channels, or deeper layers of another shape or context.

    Example:
        >>> from pushforward.transforms.image import Reshape
        >>> layer = Split((2, 4, 4), Reshape((16,), (1, 4, 4)))
        >>> layer.forward(torch.randn(5, 32))[0].shape
        torch.Size([5, 2, 4, 4])
    """

    event_ndim_in, event_ndim_out = 1, 3

    def __init__(
        self,
        shape: Sequence[int],
        deeper: Transform | Iterable[Transform],
        context_features: int = 0,
        hidden: Sequence[int] = (),
        activation: str = "relu",
        univariate: Univariate | None = None,
    ) -> None:
        super().__init__()
        self.shape = torch.Size(shape)
        if len(self.shape) != 3 or self.shape[0] < 2:
            raise ConfigurationError(
                f"Split takes images of at least two channels, (C, H, W), not {tuple(shape)}."
            )
        channels, height, width = self.shape
        half = torch.Size((channels // 2, height, width))
        self.features, self.inner = self.shape.numel(), half.numel()
        self.deeper = Compose([deeper] if isinstance(deeper, Transform) else deeper, 1)
        self._refuse_other(half, context_features)
        self.prior = ImageCoupling(channels, univariate, None, context_features, hidden, activation)
        self.kind = weakest(self.deeper.kind, self.prior.kind)
        self.cheap = self.deeper.cheap & self.prior.cheap
        self.context_features = context_features or self.deeper.context_features

    def _refuse_other(self, half: torch.Size, context_features: int) -> None:
        try:
            made: object = tuple(self.deeper.event_shape(torch.Size((self.inner,))))
        except ShapeError as error:
            raise ConfigurationError(f"The deeper layers do not fit this Split: {error}") from error
        if made != tuple(half):
            raise ConfigurationError(
                f"A Split of images {tuple(self.shape)} needs deeper layers that make images "
                f"{tuple(half)} of {self.inner} numbers, but these make {made}."
            )
        if self.deeper.context_features and context_features not in (
            0,
            self.deeper.context_features,
        ):
            raise ConfigurationError(
                f"The deeper layers take a context of {self.deeper.context_features} features, "
                f"but this Split one of {context_features}."
            )

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        super().event_shape(z_shape)
        return self.shape

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        inner, outer = z.split([self.inner, z.shape[-1] - self.inner], dim=-1)
        h, log_det = self.deeper.forward(inner, context)
        y = outer.unflatten(-1, (self.shape[0] - h.shape[-3], *self.shape[1:]))
        x, change = self.prior.forward(torch.cat([h, y], dim=-3), context)
        return x, log_det + change

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self._accept_images(x, context)
        whitened, change = self.prior.inverse(x, context)
        h, y = whitened.tensor_split([self.shape[0] // 2], dim=-3)
        inner, log_det = self.deeper.inverse(h, context)
        return torch.cat([inner, y.flatten(-3)], dim=-1), log_det + change

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        self.deeper.initialize(x[..., : self.shape[0] // 2, :, :], context, weight)

    def _accept_images(self, x: Tensor, context: Tensor | None) -> None:
        if x.shape[-3:] != self.shape:
            raise ShapeError(
                f"This Split takes images of shape {tuple(self.shape)}, "
                f"but was given shape {tuple(x.shape)}."
            )
        accept_context(type(self).__name__, self.context_features, context)
