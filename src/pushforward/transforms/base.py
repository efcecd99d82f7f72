"""The one contract of this package: an invertible map that always returns its log-determinant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from pushforward.constraints import Interval, real
from pushforward.errors import ShapeError
from pushforward.numerics import full_precision

Kind = Literal["exact", "numerical", "estimate", "bound"]
KINDS: tuple[Kind, ...] = ("exact", "numerical", "estimate", "bound")


def weakest(*kinds: Kind) -> Kind:
    """The weakest claim among several: a flow is as exact as its least exact layer.

    Example:
        >>> weakest("exact", "bound", "numerical")
        'bound'
    """
    return max(kinds, key=KINDS.index, default="exact")


class Base(Protocol):
    """What a transform needs to know of the base whose draws it pushes forward."""

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """z (*batch, *event) -> (*batch), nats."""


class Transform(nn.Module, ABC):
    """An invertible map from latent z to data x, with log|det| of its Jacobian both ways.

    `forward` is generative (the f of X = f(Z)); `inverse` is normalizing. The change of variables
    reads log p_X(x) = log p_Z(z) + log_det, with (z, log_det) = inverse(x).

    A log-det has the batch's shape (the event's dimensions are summed), and the dtype and device
    of the input. Outside the codomain `inverse` returns a finite z and a log-det of -inf, never
    NaN, and gradients stay finite.

    Attributes:
        event_ndim_in, event_ndim_out: how many trailing dimensions are one event of z and of x.
            Elementwise maps have 0 and are lifted by `Compose`.
        domain, codomain: the interval in which every coordinate of z, of x, lies.
        kind: "exact", "numerical" (a root or an integral to tolerance), "estimate" or "bound".
        cheap: which of "forward" and "inverse" is closed form in one pass.
        features: the length that the last dimension must have, None for any.
        context_features: the length of the context vector, 0 where none is taken.
        takes_missing: does a NaN in x mean that the coordinate is not known? The density is then
            that of the others; elsewhere it is NaN.
    """

    event_ndim_in: int = 0
    event_ndim_out: int = 0
    domain: Interval = real
    codomain: Interval = real
    kind: Kind = "exact"
    cheap: frozenset[str] = frozenset({"forward", "inverse"})
    features: int | None = None
    context_features: int = 0
    takes_missing: bool = False

    @abstractmethod
    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """z (*batch, *event) -> x (*batch, *event), log|det dx/dz| (*batch), in nats."""

    @abstractmethod
    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x (*batch, *event) -> z (*batch, *event), log|det dz/dx| (*batch), in nats."""

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Two terms that add up to log p_X(x): log p_Z(z) and the inverse's log-det, (*batch) each.

        A map that knows the density it makes of a base without z may put it all into the first.
        """
        z, log_det = self.inverse(x, context)
        with full_precision(z):  # whatever the conditioners compute in
            return base.log_prob(z, context), log_det

    def generate(
        self, z: Tensor, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """x of the law of forward(z), for draws z of the base: forward(z) itself unless dear.

        z (*batch, *event), context (*batch, c) -> x (*batch, *event).
        """
        return self.forward(z, context)[0]

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Set whatever depends on data from a batch x; the only place where that happens.

        weight (*batch), positive: a sample of weight 2 counts as two, up to the weights' common
        factor. None where all count once.
        """

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        """The shape of one event of x, given that of z.

        Raises:
            ShapeError: the transform does not take events of that shape.
        """
        if self.features is not None and (not z_shape or z_shape[-1] != self.features):
            raise ShapeError(
                f"{type(self).__name__} takes events of {self.features} features, "
                f"but the event shape is {tuple(z_shape)}."
            )
        return z_shape

    def image(self, interval: Interval) -> Interval:
        """Where x lies when z lies in `interval`; the whole codomain unless more is known."""
        return self.codomain

    @torch.no_grad()
    def residual(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """max|f(f⁻¹(x)) - x| of each sample (*batch): how well the inverse inverts."""
        z, _ = self.inverse(x, context)
        difference = (self.forward(z, context)[0] - x).abs()
        return (
            difference.flatten(-self.event_ndim_out).amax(-1) if self.event_ndim_out else difference
        )

    def _rows(
        self, value: Tensor, context: Tensor | None, event_ndim: int = 1
    ) -> tuple[Tensor, Tensor | None]:
        """Events (*batch, *event) and a context as (rows, *event) and (rows, c), views if possible.

        No context where none is taken.
        """
        split = value.ndim - event_ndim
        batch, event = value.shape[:split], value.shape[split:]
        rows = value.reshape(batch.numel(), *event)
        if context is None or not self.context_features:
            return rows, None
        return rows, context.expand(*batch, -1).reshape(batch.numel(), context.shape[-1])

    def accept(self, value: Tensor, context: Tensor | None) -> None:
        """Refuse a tensor or context that does not fit, naming both sides.

        Raises:
            ShapeError: the last dimension, the dtype or the context is not what this map takes.
        """
        name = type(self).__name__
        if not value.is_floating_point():
            raise ShapeError(f"{name} takes floating-point tensors, but was given {value.dtype}.")
        if self.features is not None and (value.ndim < 1 or value.shape[-1] != self.features):
            raise ShapeError(
                f"{name} takes {self.features} features in the last dimension, "
                f"but was given shape {tuple(value.shape)}."
            )
        accept_context(name, self.context_features, context)


def accept_context(name: str, features: int, context: Tensor | None) -> None:
    """Refuse a context that is missing or of the wrong length; where none is taken, any passes.

    Raises:
        ShapeError: naming the length expected and the shape given.
    """
    if not features:
        return
    if context is None:
        raise ShapeError(f"{name} needs a context of {features} features, but none was given.")
    if context.ndim < 1 or context.shape[-1] != features:
        raise ShapeError(
            f"{name} needs a context of {features} features in the last dimension, "
            f"but was given shape {tuple(context.shape)}."
        )
