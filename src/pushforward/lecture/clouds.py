"""Clouds of points in the plane to learn from, whose true density is known.

Each is an equal mixture of round Gaussians along a curve, so that drawing from it is one line and
its log-density is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cloud:
    """An equal mixture of N(centre, spread²·I).

    Attributes:
        name: in words.
        centres: (K, 2).
        spread: the standard deviation of each.

    Example:
        >>> CLOUDS["eight"].sample(5).shape
        torch.Size([5, 2])
    """

    name: str
    centres: Tensor
    spread: float

    def sample(self, n: int) -> Tensor:
        """n points (n, 2), from torch's own generator."""
        chosen = torch.randint(len(self.centres), (n,))
        return self.centres[chosen] + self.spread * torch.randn(n, 2)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x): (n, 2) -> (n), nats."""
        square = (x[:, None, :] - self.centres.to(x)).square().sum(-1)
        level = math.log(len(self.centres)) + math.log(2 * math.pi * self.spread**2)
        return (-square / (2 * self.spread**2)).logsumexp(-1) - level


def circle(n: int, radius: float = 1.0, share: float = 1.0) -> Tensor:
    """n points (n, 2) along a circle, or along its first `share`."""
    angle = 2 * math.pi * share * (torch.arange(n) + 0.5) / n
    return radius * torch.stack([angle.cos(), angle.sin()], -1)


def _moons() -> Tensor:
    upper = circle(40, share=0.5) - torch.tensor([0.5, 0.25])
    return 1.7 * torch.cat([upper, -upper])


def _rings() -> Tensor:
    return torch.cat([circle(48, 1.0), circle(106, 2.2)])


CLOUDS = {
    "moons": Cloud("two moons", _moons(), 0.15),
    "rings": Cloud("two rings", _rings(), 0.12),
    "eight": Cloud("eight Gaussians", circle(8, 2.2), 0.22),
}
