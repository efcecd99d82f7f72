"""What a member of a stack offers: conditionals of all features at once, or one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor, nn

from pushforward.transforms.stack.conditionals import Conditionals


class MemberWalk(Protocol):
    """One walk through the features of some rows, without gradients."""

    def at(self, value: Tensor) -> Conditionals:
        """The next feature's conditionals at `value`, given those fed before; (rows) each."""

    def feed(self, value: Tensor) -> None:
        """The next feature's value (rows); the walk goes on to the one after."""


class Member(nn.Module, ABC):
    """A joint density of features in their natural order, given a context.

    Attributes:
        features: d.
        context_features: c, 0 where none is taken.
    """

    def __init__(self, features: int, context_features: int = 0) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Set whatever depends on data, as `Transform.initialize`."""

    @abstractmethod
    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Conditionals:
        """x (rows, d), context (rows, c) -> of each feature given those before, (rows, d)."""

    @abstractmethod
    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """The sum of the conditionals' log densities, (rows), without their tails."""

    @abstractmethod
    def generate(
        self, z: Tensor, context: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        """x (rows, d) of this member's law, from standard normals z (rows, d)."""

    @abstractmethod
    def walk(self, like: Tensor, context: Tensor | None = None) -> MemberWalk:
        """Begin a walk over rows shaped as `like` (rows, d)."""
