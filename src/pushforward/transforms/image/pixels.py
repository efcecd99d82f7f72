"""Images of whole numbers, one number after another, each with an exact probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.nets.causal import CausalNet, Head
from pushforward.numerics import full_precision
from pushforward.transforms.base import Base, Transform, accept_context
from pushforward.transforms.columns.tails import Tails
from pushforward.transforms.image.pixel_laws import LAWS, PixelLaw
from pushforward.transforms.stack.conditionals import standard_log_prob

FEATURES = 3  # of a number: where it is, and whether it is at either end
ROWS = 1 << 14  # pixels whose distribution functions are held at once


class PixelByPixel(Transform):
    """x_t = F_t⁻¹(Φ(z_t) | x_<t): whole numbers 0 … values - 1, row by row, channel by channel.

    log P(x) = Σ_t log P(x_t | x_<t) is the log of a probability, in nats: no noise is added to the
    numbers, and none of it has to be modelled (Theis et al. 2016 for what that noise costs). The
    inverse of a number is an interval of z; it draws from there, and its log-det makes up for what
    it drew: log N(z) + log_det is log P(x) whatever z is. Numbers that are not whole, or outside,
    have probability zero. Images are made pixel by pixel, each for the work of one pixel
    (`pushforward.nets.causal.CausalWalk`), and without gradients.

    A number that is next to impossible may have a cell too narrow for the precision of z; it then
    comes back as its neighbour, and what follows with it. In digits that a model knows there are
    none; in noise or other pictures, in float32, some.

    Args:
        shape: (C, H, W).
        law: "categories", a probability for each number, or "logistics", a mixture of logistics in
            cells.
        values: how many numbers there are.
        context_features: length of the context vector, 0 for none.
        **net: width, blocks, attention, patch and heads of the `CausalNet`.

    Attributes:
        generator: where the inverse's z comes from; torch's own where None.
        cached: False to go without what is kept, by one pass of the network for each number: what
            the other way is held to.

    Raises:
        ConfigurationError: an unknown law, fewer than two values, or sizes that do not fit.

    Example:
        >>> layer = PixelByPixel((1, 4, 4), values=4, width=8, blocks=1)
        >>> x = torch.randint(4, (5, 1, 4, 4)).float()
        >>> z, log_det = layer.inverse(x)
        >>> z.shape, torch.equal(layer.forward(z)[0], x)
        (torch.Size([5, 16]), True)
    """

    event_ndim_in, event_ndim_out = 1, 3
    features: int
    cheap = frozenset({"inverse"})

    def __init__(
        self,
        shape: Sequence[int],
        law: str = "categories",
        values: int = 256,
        context_features: int = 0,
        **net: Any,
    ) -> None:
        super().__init__()
        if law not in LAWS:
            raise ConfigurationError(f"law must be one of {', '.join(LAWS)}, but is {law!r}.")
        self.law: PixelLaw = LAWS[law](values)
        self.shape, self.context_features = torch.Size(shape), context_features
        self.values, self.features = values, self.shape.numel()
        self.codomain = Interval(0.0, values - 1.0, closed=True)
        self.generator: torch.Generator | None = None
        self.cached = True
        self.net = CausalNet(
            self.shape, FEATURES, self.law.n_params, context_features=context_features, **net
        )

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        super().event_shape(z_shape)
        return self.shape

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        images = x.reshape(-1, *self.shape)
        counted = x.new_ones(len(images)) if weight is None else weight.flatten()
        counted = counted[:, None].expand(-1, self.shape[1:].numel()).flatten()
        for c, head in enumerate(self.net.heads):
            assert isinstance(head, Head)
            assert head.second.bias is not None
            numbers = images[:, c].flatten().long()
            counts = torch.bincount(numbers, counted, minlength=self.values)
            head.second.bias.data.copy_(self.law.start(counts))

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of N(0, I): log P(x), without latents, and zero."""
        if not getattr(base, "standard", False):
            return super().terms(base, x, context)
        images, given, lost = self._taken(x, context)
        raw, flat = self._raw(images, given), in_order(images).flatten()
        log_prob = self._log_prob(raw, flat).reshape(len(images), self.features).sum(1) + lost
        log_prob = log_prob.reshape(x.shape[:-3])
        return log_prob, torch.zeros_like(log_prob)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        images, given, lost = self._taken(x, context)
        raw, flat = self._raw(images, given), in_order(images).flatten()
        log_prob = self._log_prob(raw, flat)
        share = torch.rand(
            flat.shape, generator=self.generator, dtype=flat.dtype, device=flat.device
        )
        parts = [
            self.law.table(r).tails(v)
            for r, v in zip(raw.split(ROWS), flat.split(ROWS), strict=True)
        ]
        tails = Tails(*(torch.cat(each) for each in zip(*parts, strict=True)))
        z = tails.between(share, log_prob).reshape(len(images), self.features)
        log_det = log_prob.reshape(z.shape).sum(1) - standard_log_prob(z) + lost
        return z.reshape(*x.shape[:-3], self.features), log_det.reshape(x.shape[:-3])

    @torch.no_grad()
    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        rows, given = self._rows(z, context)
        walk = self.net.walk(len(rows), given)
        numbers, log_prob = torch.zeros_like(rows), rows.new_zeros(len(rows))
        for t in range(self.features):
            if self.cached:
                raw = walk.next()
            else:
                raw = self._raw(self._images(numbers), given).unflatten(0, rows.shape)[:, t]
            numbers[:, t] = self.law.table(raw).quantile(rows[:, t])
            log_prob = log_prob + self.law.log_prob(raw, numbers[:, t])
            walk.feed(self._features(numbers[:, t]))
        log_det = standard_log_prob(rows) - log_prob
        x = self._images(numbers).reshape(*z.shape[:-1], *self.shape)
        return x, log_det.reshape(z.shape[:-1])

    def _images(self, numbers: Tensor) -> Tensor:
        """Images (n, C, H, W) of their numbers in order, (n, features)."""
        return numbers.reshape(-1, *self.shape[1:], self.shape[0]).permute(0, 3, 1, 2)

    def _taken(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None, Tensor]:
        """Images (n, C, H, W) with zeros for what they may not hold, the context, and what is lost.

        That is (n): zero, -inf for images outside the support, NaN for those with a NaN.
        """
        if x.shape[-3:] != self.shape:
            raise ShapeError(
                f"PixelByPixel takes images of shape {tuple(self.shape)}, but was given shape "
                f"{tuple(x.shape)}."
            )
        accept_context("PixelByPixel", self.context_features, context)
        images, given = self._rows(x, context, 3)
        whole = self.codomain.contains(images) & (images == images.floor())
        lost = torch.zeros_like(images).masked_fill(~whole, -math.inf)
        lost = torch.where(images.isnan(), images, lost).flatten(1).sum(1)
        return torch.where(whole, images, 0.0), given, lost

    def _features(self, x: Tensor) -> Tensor:
        """What the net is told of numbers x (…): (…, 3)."""
        top = self.values - 1
        return torch.stack([x / top, (x > 0).to(x), (x >= top).to(x)], -1)

    def _raw(self, images: Tensor, context: Tensor | None) -> Tensor:
        """The parameters (n · numbers, n_params) of every number, in their order."""
        told = self._features(images).permute(0, 1, 4, 2, 3)
        answer: Tensor = self.net(told, context)
        return answer.permute(0, 2, 3, 1, 4).reshape(-1, self.law.n_params).to(images)

    def _log_prob(self, raw: Tensor, flat: Tensor) -> Tensor:
        with full_precision(flat):  # whatever the net computes in
            return self.law.log_prob(raw, flat)


def in_order(images: Tensor) -> Tensor:
    """The numbers of images (n, C, H, W) row by row, pixel by pixel, channel by channel."""
    return images.permute(0, 2, 3, 1).flatten(1)
