"""What a pixel's whole number may be, given the parameters that a network answers for it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from pushforward.errors import ConfigurationError
from pushforward.transforms.columns.logistics import logistics
from pushforward.transforms.columns.range import END
from pushforward.transforms.columns.tails import Tails
from pushforward.transforms.stack.conditionals import of_normal


class Table(NamedTuple):
    """log P(X ≤ v) and log P(X > v) of every number v, (rows, values), each exact in its own tail.

    The last P(X ≤ v) is one, the last P(X > v) zero.
    """

    upto: Tensor
    above: Tensor

    def tails(self, x: Tensor) -> Tails:
        """Both tails of x (rows), whole numbers."""
        place = x.long()[:, None]
        nothing = torch.full_like(place, -math.inf, dtype=self.upto.dtype)
        upto, beyond = (torch.cat(p, 1) for p in ([nothing, self.upto], [-0 * nothing, self.above]))
        found = upto.gather(1, place), self.above.gather(1, place)
        both = (*found, upto.gather(1, place + 1), beyond.gather(1, place))
        return Tails(*(t[:, 0] for t in both))

    def quantile(self, z: Tensor) -> Tensor:
        """The least number x (rows) with P(X ≤ x) ≥ Φ(z), seen from the nearer tail of z (rows)."""
        wanted = of_normal(z, torch.zeros_like(z))
        enough = torch.where(
            (z < 0)[:, None],
            self.upto >= wanted.log_cdf[:, None],
            self.above <= wanted.log_sf[:, None],
        )
        enough[:, -1] = True
        return enough.int().argmax(-1).to(z)


class PixelLaw(ABC):
    """Laws of whole numbers 0 … values - 1, of parameters raw (rows, n_params).

    Attributes:
        n_params: of one number.
    """

    n_params: int

    def __init__(self, values: int) -> None:
        if isinstance(values, bool) or not isinstance(values, int) or values < 2:
            raise ConfigurationError(
                f"values must be a whole number of at least 2, but is {values!r}."
            )
        self.values = values

    @abstractmethod
    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        """log P(x), nats, of whole numbers x (rows) -> (rows)."""

    @abstractmethod
    def masses(self, raw: Tensor) -> Tensor:
        """log P of every number, (rows, values)."""

    @abstractmethod
    def start(self, counts: Tensor) -> Tensor:
        """Parameters (n_params) to begin with, given how often each number occurs, (values)."""

    def table(self, raw: Tensor) -> Table:
        """The law's distribution function, from both ends."""
        masses = self.masses(raw)
        upto = masses.logcumsumexp(-1)
        beyond = masses.flip(-1).logcumsumexp(-1).flip(-1)
        above = torch.cat([beyond[:, 1:], torch.full_like(beyond[:, :1], -math.inf)], 1)
        return Table(upto, above)


class Categories(PixelLaw):
    """Each number has a probability of its own: softmax of `values` logits.

    Example:
        >>> law = Categories(4)
        >>> law.masses(torch.zeros(1, 4)).exp()
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, values: int = 256) -> None:
        super().__init__(values)
        self.n_params = values

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        return -cross_entropy(raw, x.long(), reduction="none")

    def masses(self, raw: Tensor) -> Tensor:
        return raw.log_softmax(-1)

    def start(self, counts: Tensor) -> Tensor:
        return (counts + 1).log().log_softmax(-1)


class LogisticCells(PixelLaw):
    """A mixture of logistics: P(k) is the mass between k - ½ and k + ½, numbers on [-1, 1].

    The first and the last cell reach to infinity (Salimans et al. 2017, "PixelCNN++", section 2.1),
    so that all masses add up to one exactly.

    Raises:
        ConfigurationError: fewer than two values, or no components.

    Example:
        >>> law = LogisticCells(4, components=2)
        >>> law.masses(torch.randn(1, law.n_params)).exp().sum().allclose(torch.ones(()))
        True
    """

    def __init__(self, values: int = 256, components: int = 10) -> None:
        super().__init__(values)
        if isinstance(components, bool) or not isinstance(components, int) or components < 1:
            raise ConfigurationError(
                f"components must be a whole number of at least 1, but is {components!r}."
            )
        self.components, self.n_params = components, 3 * components

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        middle = x * (2 / (self.values - 1)) - 1
        half = 1 / (self.values - 1)
        low = (middle - half).masked_fill(x <= 0, -END)
        high = (middle + half).masked_fill(x >= self.values - 1, END)
        ends = (x <= 0) | (x >= self.values - 1)
        width = torch.where(ends, high - low, 2 * half)
        return logistics(raw).log_masses(low, high, width).logsumexp(-1)

    def masses(self, raw: Tensor) -> Tensor:
        x = torch.arange(self.values, dtype=raw.dtype, device=raw.device)
        each = raw.repeat_interleave(self.values, 0), x.repeat(len(raw))
        return self.log_prob(*each).reshape(len(raw), self.values)

    def start(self, counts: Tensor) -> Tensor:
        k = self.components
        levels = (torch.arange(k).to(counts) + 0.5) / k
        upto = counts.cumsum(-1) / counts.sum()
        numbers = torch.searchsorted(upto, levels).clamp(max=self.values - 1)
        apart = torch.linspace(-0.1, 0.1, k).to(counts)  # where many numbers are the same
        places = numbers * (2 / (self.values - 1)) - 1 + apart
        return torch.cat([torch.zeros_like(places), places, torch.full_like(places, -math.log(k))])


LAWS: dict[str, type[PixelLaw]] = {"categories": Categories, "logistics": LogisticCells}
