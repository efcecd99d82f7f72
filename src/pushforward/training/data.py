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
from pushforward.training.team import ALONE, Team

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
    def count(self) -> int:
        """How many all processes of a fit have; here they are the same."""
        return len(self)

    @property
    def index_device(self) -> torch.device:
        """Where an index of `take` lies best."""
        return self.x.device

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
        for index in torch.arange(self.count, device=self.index_device).split(size):
            yield self.take(index)

    def shuffled(self, size: int, generator: torch.Generator) -> Iterator[Rows]:
        """Batches of `size` rows in a random order, each row once."""
        order = torch.randperm(self.count, generator=generator).to(self.index_device)
        for index in order.split(size):
            yield self.take(index)


@dataclass(frozen=True)
class Shard(Rows):
    """The rows of one process, which stand together among those of all.

    What takes an index means the rows of all: each process gets those of them that it has, perhaps
    none, so that together they have what one process would.

    Attributes:
        start: how many rows the processes before this one have.
        whole: how many all have.

    Example:
        >>> shard = Shard(torch.arange(3.0)[:, None], None, torch.ones(3), start=2, whole=6)
        >>> [(len(batch), batch.count) for batch in shard.batches(4)]
        [(2, 4), (1, 2)]
    """

    start: int
    whole: int

    @property
    def count(self) -> int:
        """How many rows all processes have."""
        return self.whole

    @property
    def index_device(self) -> torch.device:
        """The host's: who has which row is seen there."""
        return torch.device("cpu")

    def take(self, index: Tensor) -> Shard:
        """Of the rows of that index among all, those that this process has."""
        here = index[(index >= self.start) & (index < self.start + len(self))] - self.start
        rows = super().take(here.to(self.x.device))
        before = int((index < self.start).sum())
        return Shard(rows.x, rows.context, rows.weight, before, len(index))


def gather(
    flow: Flow,
    data: Array,
    context: Array | None = None,
    sample_weight: Array | None = None,
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
    return rows


def together(rows: Rows, team: Team = ALONE) -> Rows:
    """The rows of a process among those of all, which stand before and after; weights of mean one.

    Raises:
        DataError: there are fewer than two.
    """
    start, whole = team.before(len(rows))
    if whole < 2:
        raise DataError(f"A fit needs two rows or more of some weight, but was given {whole}.")
    if team.size > 1:
        rows = Shard(rows.x, rows.context, rows.weight, start, whole)
    largest = team.largest(float(rows.weight.max()) if len(rows) else 0.0)
    # Divided first, or the sum of large ones would overflow.
    return levelled(replace(rows, weight=rows.weight / largest), team)


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


def split(rows: Rows, share: float, seed: int, team: Team = ALONE) -> tuple[Rows, Rows | None]:
    """The rows to learn from, and those set aside to judge by (None where share is 0).

    Each side's weights have a mean of one again.
    """
    kept, aside = split_index(rows.count, share, seed)
    judges = levelled(rows.take(aside), team) if len(aside) else None
    return levelled(rows.take(kept), team), judges


def levelled(rows: Rows, team: Team = ALONE) -> Rows:
    """The same rows, their weights divided by their mean (over all processes)."""
    mean = _exact_total(rows.weight.double(), team) / rows.count
    return replace(rows, weight=rows.weight / mean)


def _exact_total(weights: Tensor, team: Team) -> float:
    """The sum of all processes' weights (n), the same to the last bit however they are divided.

    Whole numbers are added, in which order does not matter: of 2⁻²⁶, and of 2⁻⁵³ what is left.
    """
    large = (weights * 2**26).round()
    small = ((weights * 2**26 - large) * 2**27).round()
    sums = torch.stack([large.to(torch.int64).sum(), small.to(torch.int64).sum()])
    whole, rest = team.total(sums).tolist()
    return float((whole + rest * 2.0**-27) * 2.0**-26)


def some(rows: Rows, most: int, team: Team = ALONE) -> Rows:
    """All rows of all processes, or `most` of them that lie evenly among them, in each process."""
    if rows.count > most:
        places = torch.arange(most, dtype=torch.int64) * rows.count // most
        rows = rows.take(places.to(rows.index_device))
    if team.size == 1:
        return rows
    context = None if rows.context is None else team.joined(rows.context)
    return Rows(team.joined(rows.x), context, team.joined(rows.weight))


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
