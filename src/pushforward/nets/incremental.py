"""What an autoregressive conditioner offers: all parameters at once, and one feature at a time."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Walk(Protocol):
    """One walk through the features: ask for the next one's parameters, then tell its value."""

    def next(self) -> Tensor:
        """The parameters (rows, n_params) of the next feature, given those fed before."""

    def feed(self, value: Tensor) -> None:
        """The value (rows) of the feature whose parameters were asked for last."""

    def sweep(self) -> Sweep:
        """After the last feature of a recorded walk: the way back, for cotangents."""


class Sweep(Protocol):
    """The walk in reverse: tell the last feature's cotangents, then ask for the one before."""

    def feed(self, grad_params: Tensor) -> None:
        """The cotangent (rows, n_params) of the parameters of the present feature."""

    def next(self) -> Tensor:
        """What reaches the value (rows) of the feature before it, through all parameters fed."""

    def finish(self) -> tuple[Tensor, ...]:
        """The cotangents of what the walk was made from, in that order."""


class AutoregressiveConditioner(Protocol):
    """What `Autoregressive` needs. The features are taken as `order` says."""

    order: Tensor

    def __call__(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """x (..., features) -> parameters (..., features, n_params)."""

    def sources(self, rows: int, context: Tensor | None = None) -> tuple[Tensor, ...]:
        """The tensors that a walk over so many rows reads, which autograd may follow.

        context: (rows, c) or None.
        """

    def walk(self, like: Tensor, sources: tuple[Tensor, ...], record: bool) -> Walk:
        """Begin a walk over rows shaped as `like` (rows, features), without gradients.

        record: keep what `sweep` needs.
        """
