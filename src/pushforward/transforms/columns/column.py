"""What a column of a table is to the model: its support, its law given some features, its draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Limit:
    """A condition on one column: low ≤ x ≤ high, or x among some codes.

    Attributes:
        low, high: in the model's units; infinite where open.
        codes: of a category, the ones that are allowed.
    """

    low: float = -float("inf")
    high: float = float("inf")
    codes: tuple[int, ...] = ()


class Column(nn.Module, ABC):
    """One column: how its values enter a network, and what the network's answer means.

    Values are (rows); the network's answer for the column, `raw`, is (rows, size).

    Attributes:
        size: how many numbers describe its law.
        mass: does `log_prob` give the log of a probability, of a whole number, or of a density?
        lower, upper: where its values end, which a density's do not reach; None where nowhere.
        ends: values of a density that have a probability all the same.
    """

    size: int
    mass: bool
    lower: float | None
    upper: float | None
    ends: Sequence[float] = ()

    def massive(self, x: Tensor) -> Tensor:
        """Which values (rows) have a probability, not a density."""
        if self.mass:
            return torch.ones_like(x, dtype=torch.bool)
        return (x[:, None] == x.new_tensor(self.ends)).any(-1)

    @abstractmethod
    def supports(self, x: Tensor) -> Tensor:
        """Which values (rows) can occur; False for NaN."""

    @abstractmethod
    def at(self, y: Tensor) -> Tensor:
        """Supported values (rows), increasing in y (rows) and usual where y is about 0."""

    @abstractmethod
    def embed(self, x: Tensor) -> Tensor:
        """What the network is told of supported values x (rows): (rows, width)."""

    @abstractmethod
    def start(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        """Set what depends on data, from present values x (n); the law's first `raw` (size)."""

    @abstractmethod
    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        """log of the probability, or density, of supported x (rows), nats."""

    @abstractmethod
    def tails(self, raw: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """log P(X < x), log P(X > x), log P(X ≤ x), log P(X ≥ x), each (rows)."""

    @abstractmethod
    def draw(
        self, raw: Tensor, limit: Limit | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Values (rows) within the limit, and the log of its probability (rows), nats."""


Spec = dict[str, Any]
