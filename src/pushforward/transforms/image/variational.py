"""Variational dequantization: noise of a learned distribution within each step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.transforms.elementwise import Sigmoid
from pushforward.transforms.image.coupling import ImageCoupling
from pushforward.transforms.image.dequantize import Dequantization
from pushforward.univariate import Univariate


class VariationalDequantize(Dequantization):
    """u = sigmoid(g(ε; x)), ε normal and g couplings given x, learned with the flow.

    Ho et al. 2019, "Flow++", section 3.1.

    The couplings act on the channels of ε beside those of x, which they leave as they are. The
    first moves all of ε given x; each further one a half of its channels given the rest.

    Args:
        channels: C.
        levels: as in `Dequantize`.
        univariate: the map of one number, affine where None.
        layers: how many couplings; more than one need two channels.
        context_features: length of the context vector, 0 for none.
        hidden: channels of each coupling's network.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        generator: where ε comes from; torch's own where None.

    Raises:
        ConfigurationError: as `Dequantize` and `ImageCoupling`.

    Example:
        >>> layer = VariationalDequantize(1, levels=4, hidden=(8, 8))
        >>> x = torch.tensor([[[0.0, 3.0]]])
        >>> z, log_det = layer.inverse(x)
        >>> torch.equal(layer.forward(z)[0], x)
        True
    """

    def __init__(
        self,
        channels: int,
        levels: int = 256,
        univariate: Univariate | None = None,
        layers: int = 1,
        context_features: int = 0,
        hidden: Sequence[int] = (32, 32),
        activation: str = "relu",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(levels, generator)
        self.channels, self.context_features = channels, context_features
        if not 1 <= layers <= (1 if channels == 1 else layers):
            raise ConfigurationError(
                f"layers must be at least 1, and 1 for images of one channel, but is {layers}."
            )
        middle = channels + channels // 2
        halves = range(channels, middle), range(middle, 2 * channels)
        parts = [range(channels, 2 * channels), *(halves[i % 2] for i in range(layers - 1))]
        self.couplings = nn.ModuleList(
            ImageCoupling(
                2 * channels,
                univariate,
                part,
                context_features,
                hidden,
                activation,
                fast="sampling",
            )
            for part in parts
        )
        self.squash = Sigmoid()

    def draw(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        noise = self.noise(x, normal=True)
        log_q = standard_normal(noise)
        both = torch.cat([self._seen(x), noise], dim=-3)
        for layer in self.couplings:
            both, log_det = layer.forward(both, context)
            log_q = log_q - log_det
        u, log_slope = self.squash.forward(both[..., self._own(), :, :])
        return u, log_q - log_slope.flatten(-3).sum(-1)

    def log_q(self, u: Tensor, x: Tensor, context: Tensor | None) -> Tensor:
        least = torch.finfo(u.dtype).eps / 2
        inner, log_slope = self.squash.inverse(u.clamp(least, 1 - least))
        log_q = log_slope.flatten(-3).sum(-1)
        both = torch.cat([self._seen(x), inner], dim=-3)
        for layer in list(self.couplings)[::-1]:
            both, log_det = layer.inverse(both, context)  # type: ignore[operator]
            log_q = log_q + log_det
        return log_q + standard_normal(both[..., self._own(), :, :])

    def _own(self) -> slice:
        """The channels of ε."""
        return slice(self.channels, None)

    def _seen(self, x: Tensor) -> Tensor:
        """x as the networks see it, within ±1."""
        return 2 * x / (self.levels - 1) - 1


def standard_normal(noise: Tensor) -> Tensor:
    """log N(noise; 0, I) of images (*batch, C, H, W), (*batch)."""
    return -0.5 * (noise.square() + math.log(2 * math.pi)).flatten(-3).sum(-1)
