"""The rows of a fit: as tensors, split, weighted, and drawn in a reproducible order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pushforward.errors import DataError, ShapeError
from pushforward.flow import Flow

Array = Tensor | np.ndarray


@dataclass(frozen=True)
class Rows:
    """x (n, *event), its context (n, c) or None, and weights (n) of mean one."""

    x: Tensor
    context: Tensor | None
    weight: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Tensor) -> Rows:
        """The rows of that index, in its order."""
        context = None if self.context is None else self.context[index]
        return Rows(self.x[index], context, self.weight[index])

    def batches(self, size: int) -> Iterator[Rows]:
        """Consecutive slices of `size` rows."""
        for index in torch.arange(len(self), device=self.x.device).split(size):
            yield self.take(index)

    def shuffled(self, size: int, generator: torch.Generator) -> Iterator[Rows]:
        """Batches of `size` rows in a random order, each row once."""
        order = torch.randperm(len(self), generator=generator).to(self.x.device)
        for index in order.split(size):
            yield self.take(index)


def gather(
    flow: Flow, data: Array, context: Array | None = None, sample_weight: Array | None = None
) -> Rows:
    """Data, context and weights as tensors of the flow's own dtype and device.

    Raises:
        ShapeError: lengths or event shapes that do not fit the flow or one another.
        DataError: numbers that are not finite, weights that are negative or all zero.
    """
    like = next(t for t in (*flow.parameters(), *flow.buffers()) if t.is_floating_point())

    def tensor(values: Array, name: str) -> Tensor:
        result = torch.as_tensor(values).to(like)
        bad = (~result.isfinite()).flatten(1).any(1) if result.ndim > 1 else ~result.isfinite()
        if bool(bad.any()):
            raise DataError(
                f"{name} has a number that is not finite in row {int(bad.nonzero()[0])} "
                f"(counted from 0), and {int(bad.sum())} such rows in all; mend or drop them."
            )
        return result

    x = tensor(data, "data")
    if x.ndim < 1 or x.shape[1:] != flow.event_shape:
        raise ShapeError(
            f"data must be (rows, {', '.join(map(str, flow.event_shape))}), "
            f"but has shape {tuple(x.shape)}."
        )
    if len(x) < 2:
        raise DataError(f"A fit needs at least two rows, but was given {len(x)}.")
    conditions = None if context is None else tensor(context, "context")
    weight = torch.ones(len(x)).to(like)
    if sample_weight is not None:
        weight = tensor(sample_weight, "sample_weight")
        if bool((weight < 0).any()) or not float(weight.sum()) > 0:
            raise DataError("sample_weight must not be negative, and not all zero.")
        weight = weight / weight.mean()
    for name, value in (("context", conditions), ("sample_weight", weight)):
        if value is not None and len(value) != len(x):
            raise ShapeError(f"{name} has {len(value)} rows, but data has {len(x)}.")
    return Rows(x, conditions, weight)


def split_index(n: int, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Row numbers kept and set aside, (n - m) and (m), with m about share·n; seeded.

    At least one row is set aside where share > 0, and at least one is kept.

    Example:
        >>> kept, aside = split_index(10, 0.2, seed=0)
        >>> len(kept), len(aside)
        (8, 2)
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    aside = min(max(round(share * n), 1), n - 1) if share > 0 else 0
    return order[aside:].sort().values, order[:aside].sort().values
