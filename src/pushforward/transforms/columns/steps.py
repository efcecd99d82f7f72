"""How a number enters a network, and where a mixture for numbers begins."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BINS = 24  # steps of the number that the network is told, besides the number itself
FARTHEST = 12.0  # of the coordinate, that the network is told


class Steps(nn.Module):
    """A number as the network is told it: itself, and how far it is through each of some bins.

    (Piecewise linear encoding: Gorishniy et al. 2022, On Embeddings for Numerical Features.)
    """

    edges: Tensor

    def __init__(self, width: int, extra: int = 0) -> None:
        super().__init__()
        self.register_buffer("edges", torch.linspace(-2, 2, BINS + 1))
        self.linear = nn.Linear(1 + BINS + extra, width)

    @torch.no_grad()
    def initialize(self, y: Tensor) -> None:
        """Put the edges at quantiles of y (n)."""
        levels = torch.linspace(0, 1, BINS + 1, dtype=y.dtype)
        edges = torch.quantile(y[:: max(1, len(y) // 100_000)], levels)
        least = 1e-3 * torch.arange(BINS + 1, dtype=y.dtype)  # equal quantiles are drawn apart
        self.edges.copy_((edges - least).cummax(0).values + least)

    def forward(self, y: Tensor, extra: Tensor | None = None) -> Tensor:
        """y (rows) -> (rows, width)."""
        y = y.clamp(-FARTHEST, FARTHEST)[:, None]
        through = ((y - self.edges[:-1]) / self.edges.diff()).clamp(0, 1)
        parts = [y, through] if extra is None else [y, through, extra]
        return self.linear(torch.cat(parts, -1))


def spread(y: Tensor, components: int) -> Tensor:
    """The first parameters (3K) of a mixture for y (n): components at its quantiles."""
    levels = (torch.arange(components, dtype=y.dtype) + 0.5) / components
    loc = torch.quantile(y[:: max(1, len(y) // 100_000)], levels)
    beside = (levels + 0.5 / components).clamp(max=1 - 0.25 / components)  # not the greatest
    gaps = torch.quantile(y[:: max(1, len(y) // 100_000)], beside)
    scale = (gaps - loc).abs().clamp(min=0.02)
    return torch.cat([torch.zeros_like(loc), loc, scale.log()])
