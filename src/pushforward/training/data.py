"""The rows of a fit: as tensors, split, weighted, and drawn in a reproducible order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

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

    @property
    def uneven(self) -> Tensor | None:
        """The weights; None where all are equal, and say nothing."""
        return None if bool((self.weight == self.weight[0]).all()) else self.weight

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
    x = _finite("data", data, like, tuple(flow.event_shape), missing=flow.takes_missing)
    given = None
    if context is not None:
        if not flow.context_features:
            raise ShapeError("This flow takes no context, but was given one.")
        given = _finite("context", context, like, (flow.context_features,), len(x))
    weight = x.new_ones(len(x))
    if sample_weight is not None:
        weight = _finite("sample_weight", sample_weight, like, (), len(x))
        if bool((weight < 0).any()):
            raise DataError("sample_weight must not be negative.")
    rows = Rows(x, given, weight)
    if not bool(weight.all()):
        rows = rows.take(weight.nonzero().flatten())  # as if those rows were not there
    if len(rows) < 2:
        raise DataError(f"A fit needs two rows or more of some weight, but was given {len(rows)}.")
    weight = rows.weight / rows.weight.max()  # first, or the sum of large ones would overflow
    return levelled(replace(rows, weight=weight))


def _finite(
    name: str,
    values: Array,
    like: Tensor,
    event: tuple[int, ...],
    length: int | None = None,
    missing: bool = False,
) -> Tensor:
    """`values` as a tensor of shape (length, *event) that is like another; every number finite.

    Where some may be missing, those are NaN.
    """
    try:
        result = torch.as_tensor(values).detach().to(like)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"{name} must be a tensor or an array of numbers: {error}.") from error
    expected = (result.shape[:1] if length is None else (length,)) + event
    if result.ndim < 1 or result.shape != expected:
        rows = "rows" if length is None else str(length)
        raise ShapeError(
            f"{name} must have shape ({', '.join((rows, *map(str, event)))}), "
            f"but has {tuple(result.shape)}."
        )
    usable = result.isfinite() | result.isnan() if missing else result.isfinite()
    bad = ~usable.reshape(len(result), math.prod(event)).all(1)
    if bool(bad.any()):
        raise DataError(
            f"{name} has a number that is not finite in row {int(bad.nonzero()[0])} "
            f"(counted from 0), and {int(bad.sum())} such rows in all; mend or drop them."
        )
    return result


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows | None]:
    """The rows to learn from, and those set aside to judge by (None where share is 0).

    Each side's weights have a mean of one again.
    """
    kept, aside = split_index(len(rows), share, seed)
    return levelled(rows.take(kept)), levelled(rows.take(aside)) if len(aside) else None


def levelled(rows: Rows) -> Rows:
    """The same rows, their weights divided by their mean."""
    return replace(rows, weight=rows.weight / rows.weight.mean())


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
