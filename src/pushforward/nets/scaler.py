"""Standardizing a context before the conditioners see it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pushforward.numerics import mean_of_rows


def location_and_scale(
    x: Tensor, features: int, weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each feature over the whole batch; scale 1 if constant.

    A row of weight 2 counts as two; weights are as in `Transform.initialize`.
    """
    flat = x.detach().reshape(-1, features).double()  # squares of 1e30 overflow float32
    loc = mean_of_rows(flat, weight)
    scale = mean_of_rows((flat - loc).square(), weight).sqrt()
    varies = (scale > 0) & (flat != flat[:1]).any(0)  # a mean of equal numbers may be off a digit
    return loc.to(x), torch.where(varies, scale, 1.0).to(x)


class ContextScaler(nn.Module):
    """(..., context_features) -> the same, standardized once `initialize` has seen the data.

    Example:
        >>> scaler = ContextScaler(1)
        >>> scaler.initialize(torch.tensor([[1.0], [3.0]]))
        >>> scaler(torch.tensor([[3.0]])).item()
        1.0
    """

    loc: Tensor
    scale: Tensor

    def __init__(self, context_features: int) -> None:
        super().__init__()
        self.context_features = context_features
        self.register_buffer("loc", torch.zeros(context_features))
        self.register_buffer("scale", torch.ones(context_features))

    @torch.no_grad()
    def initialize(self, context: Tensor, weight: Tensor | None = None) -> None:
        loc, scale = location_and_scale(context, self.context_features, weight)
        self.loc.copy_(loc)
        self.scale.copy_(scale)

    def forward(self, context: Tensor) -> Tensor:
        return (context - self.loc) / self.scale
