"""What an autoregressive conditioner offers: all parameters at once, and one feature at a time."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from pushforward.kernels import Fused

Pair = tuple[Tensor, Tensor]


class Walk(Protocol):
    """One walk through the features: ask for the next one's parameters, then tell its value."""

    def next(self) -> Tensor:
        """The parameters (rows, n_params) of the next feature, given those fed before."""

    def feed(self, value: Tensor) -> None:
        """The value (rows) of the feature whose parameters were asked for last."""


class Sweep(Protocol):
    """The way back from where a walk arrived.

    Attributes:
        params: (rows, features, n_params), all parameters there.
    """

    params: Tensor

    def solve(
        self, grad_x: Tensor, by_x: Pair, by_slope: Pair
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Cotangents of the value (rows, features) and of the walk's sources.

        Last feature first: once its cotangent is complete it passes to its parameters, and through
        them to the features before.

        Args:
            grad_x: (rows, features).
            by_x, by_slope: cotangents of value (rows, features) and parameters
                (rows, features, n_params), for one on x and for that on the log-slope.
        """


class AutoregressiveConditioner(Protocol):
    """What `Autoregressive` needs. The features are taken as `order` says."""

    order: Tensor

    def __call__(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """x (..., features) -> parameters (..., features, n_params)."""

    def layer(
        self,
        fused: Fused | None,
        value: Tensor,
        context: Tensor | None,
        solve: bool,
        by_feature: bool = False,
    ) -> Pair | None:
        """A whole layer of these maps in compiled code; None where there is none.

        value (rows, features), context (rows, c) -> (rows, features) and log|det| (rows): the
        solution x of fused.forward(x; θ(x)) = value where `solve`, else fused.forward(value;
        θ(value)). With `by_feature` each feature's own log-slope (rows, features) instead of the
        log|det|, and None where autograd looks on.
        """

    def sources(self, context: Tensor | None = None) -> tuple[Tensor, ...]:
        """The tensors that a walk reads, which autograd may follow. context: (rows, c) or None."""

    def walk(self, like: Tensor, sources: tuple[Tensor, ...]) -> Walk:
        """Begin a walk over rows shaped as `like` (rows, features), without gradients."""

    def sweep(self, x: Tensor, sources: tuple[Tensor, ...]) -> Sweep:
        """The way back from x (rows, features)."""
