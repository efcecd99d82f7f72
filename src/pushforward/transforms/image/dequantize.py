"""Whole numbers as real ones: noise within each step, and the bound on log P that it gives."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform
from pushforward.transforms.elementwise import Affine, Sigmoid
from pushforward.transforms.image.layer import ImageLayer


class Dequantization(ImageLayer):
    """x = ⌊z⌋, whole numbers 0 … levels - 1; the inverse draws z = x + u, u in [0, 1), of q(u|x).

    It is no bijection but keeps the contract: log_det is log p(x|z) - log q(z|x), so that log p(z)
    + log_det is, on average over u, at most log P(x), in nats: a bound (Theis et al. 2016). Its
    exponential is P(x) on average. Numbers that are not whole, or outside, have probability zero.

    Attributes:
        levels: how many whole numbers there are, 256 for images of one byte.
        generator: where u comes from; torch's own where None. It may be set at any time.

    Raises:
        ConfigurationError: fewer than two levels.
    """

    kind = "bound"

    def __init__(self, levels: int = 256, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if isinstance(levels, bool) or not isinstance(levels, int) or levels < 2:
            raise ConfigurationError(
                f"levels must be a whole number of at least 2, but is {levels!r}."
            )
        self.levels, self.generator = levels, generator
        self.codomain = Interval(0.0, levels - 1.0, closed=True)

    @abstractmethod
    def draw(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """u of each number (*batch, C, H, W), and log q(u|x) (*batch)."""

    @abstractmethod
    def log_q(self, u: Tensor, x: Tensor, context: Tensor | None) -> Tensor:
        """log q(u|x), (*batch)."""

    def image(self, interval: Interval) -> Interval:
        return self.codomain

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        x = z.floor().clamp(0, self.levels - 1)
        return x, self.log_q(z - x, x, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        inside = (self.codomain.contains(x) & (x == x.floor())) | x.isnan()
        held = torch.where(inside, x, 0.0)
        u, log_q = self.draw(held, context)
        # A sum may be rounded up to the next whole number, which would decode to another x.
        last = torch.nextafter(held + 1, torch.zeros_like(held))
        z = torch.minimum(held + u, last)
        return z, torch.where(inside.flatten(-3).all(-1), 0.0 - log_q, -math.inf)

    def noise(self, like: Tensor, normal: bool = False) -> Tensor:
        """Uniform or normal noise of the shape, dtype and device of `like`."""
        make = torch.randn if normal else torch.rand
        return make(like.shape, generator=self.generator, dtype=like.dtype, device=like.device)


class Dequantize(Dequantization):
    """Uniform noise: log_det = 0 (Uria et al. 2013).

    Example:
        >>> layer = Dequantize(4, torch.Generator().manual_seed(0))
        >>> x = torch.tensor([[[0.0, 3.0]]])
        >>> z, log_det = layer.inverse(x)
        >>> bool(((z >= x) & (z < x + 1)).all()), log_det.item(), layer.kind
        (True, 0.0, 'bound')
        >>> torch.equal(layer.forward(z)[0], x)
        True
    """

    def draw(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return self.noise(x), x.new_zeros(x.shape[:-3])

    def log_q(self, u: Tensor, x: Tensor, context: Tensor | None) -> Tensor:
        return x.new_zeros(x.shape[:-3])


def logit_pixels(levels: int = 256, alpha: float = 0.05) -> list[Transform]:
    """The real line onto (0, levels), in generative order; all but `alpha` of it at either end.

    Seen from the data: logit(alpha + (1 - 2·alpha)·x/levels), Dinh et al. 2017, section 4.1, with
    log|det| exact. What the flow puts beyond 0 and levels, near the ends, is lost to the bound.

    Raises:
        ConfigurationError: alpha is not in [0, 0.5).

    Example:
        >>> from pushforward.transforms import Compose
        >>> to_pixels = Compose(logit_pixels(256, 0.05))
        >>> to_pixels.inverse(torch.tensor([128.0]))[0].item()
        0.0
    """
    if not 0 <= alpha < 0.5:
        raise ConfigurationError(f"alpha must be at least 0 and below 0.5, but is {alpha}.")
    width = levels / (1 - 2 * alpha)
    return [Sigmoid(), Affine(-alpha * width, width)]
