"""The dense conditioner that libraries take from their user: the same widths as ours."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn


class Dense(nn.Module):
    """Linear layers with ReLU between; whatever else it is given (a context) it ignores."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in pairwise((inputs, *hidden, outputs)):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor, *others: Any, **more: Any) -> Tensor:
        return self.layers(x)


def alternating_mask(features: int, i: int) -> Tensor:
    """+1 at the coordinates that layer i moves, -1 elsewhere."""
    mask = torch.ones(features)
    mask[i % 2 :: 2] = -1
    return mask
