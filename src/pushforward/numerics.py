"""Small numerical pieces that every floor above shares: sums, rows in chunks, a root finder."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from pushforward.errors import NumericalInverseWarning


def sum_event(value: Tensor, ndim: int) -> Tensor:
    """Sum the last `ndim` dimensions (none where `ndim` is 0).

    Example:
        >>> sum_event(torch.ones(4, 3), 1)
        tensor([3., 3., 3., 3.])
    """
    return value.sum(dim=tuple(range(-ndim, 0))) if ndim else value


def without_outliers(rows: Tensor, reach: float = 20.0) -> Tensor:
    """Rows (n, d), each column clipped to its median ± so many deviations, told by its deciles.

    For means and spreads that a single wild row must not decide. A column whose deciles are equal
    is left as it is.

    Example:
        >>> rows = torch.cat([torch.linspace(-1, 1, 99), torch.tensor([1e9])])[:, None]
        >>> bool(without_outliers(rows).max() < 20)
        True
    """
    if not rows.numel():
        return rows
    low, middle, high = torch.quantile(
        rows[:: max(1, len(rows) // 100_000)], torch.tensor([0.1, 0.5, 0.9]).to(rows), dim=0
    )
    spread = reach * (high - low) / 2.563  # of a normal, ten in a hundred lie beyond ±1.28
    spread = torch.where(spread > 0, spread, torch.inf)
    return torch.clamp(rows, middle - spread, middle + spread)


def mean_of_rows(rows: Tensor, weight: Tensor | None = None) -> Tensor:
    """The mean (d) of rows (n, d), weighted where there are weights.

    Args:
        weight: one for each sample, of any shape, in the rows' order; where a sample is several
            rows, each of them has its weight.

    Example:
        >>> mean_of_rows(torch.tensor([[0.0], [3.0]]), torch.tensor([2.0, 1.0]))
        tensor([1.])
    """
    return rows.mean(0) if weight is None else _shares(rows, weight) @ rows


def moment_of_rows(rows: Tensor, weight: Tensor | None = None) -> Tensor:
    """The mean of r·rᵀ over rows r: (n, d) -> (d, d); weights are as in `mean_of_rows`.

    Example:
        >>> moment_of_rows(torch.tensor([[0.0], [3.0]]), torch.tensor([2.0, 1.0]))
        tensor([[3.]])
    """
    if weight is None:
        return rows.t() @ rows / len(rows)
    return (rows * _shares(rows, weight)[:, None]).t() @ rows


def _shares(rows: Tensor, weight: Tensor) -> Tensor:
    each = weight.flatten().to(rows)
    each = each.repeat_interleave(len(rows) // max(len(each), 1))
    return each / each.sum()


COMPANY = 16  # rows


def in_company(value: Tensor, batch: torch.Size) -> Tensor:
    """`(*batch, *event)` as rows `(n, *event)`, n a multiple of 16; the last is repeated as needed.

    A matrix product chooses its kernel, and with it the order of its sums, by the number of rows
    modulo the kernel's width. In whole blocks a row's result is the same alone and in a batch.

    Example:
        >>> in_company(torch.ones(5, 3), torch.Size([5])).shape
        torch.Size([16, 3])
    """
    rows = value.reshape(batch.numel(), *value.shape[len(batch) :])
    missing = -len(rows) % COMPANY
    if not missing:
        return rows
    return torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])])


CHUNK = 4096  # rows computed at a time where no gradient is asked for
NUMBERS = 2**18  # in these rows: of images, fewer are taken


def rows_at_once(rows: Tensor) -> int:
    """How many rows (n, …) are computed at a time: whole blocks of `COMPANY`, one at least.

    Example:
        >>> rows_at_once(torch.empty(9, 16)), rows_at_once(torch.empty(9, 3, 32, 32))
        (4096, 80)
    """
    wide = NUMBERS // max(rows.shape[1:].numel(), 1)
    return min(CHUNK, max(wide // COMPANY, 1) * COMPANY)


def in_chunks(
    function: Callable[[Tensor, Tensor | None], tuple[Tensor, ...]],
    rows: Tensor,
    context: Tensor | None,
) -> tuple[Tensor, ...]:
    """function(rows, context), some rows at a time, its results put together again.

    What many rows leave in memory at every layer then stays bounded, and in the caches. Where a
    graph is recorded it would stay in any case, and all rows go at once.

    Args:
        function: of rows (n, …) and their context (n, …), each row by itself; gives tensors (n, …).
        rows, context: of any number n.

    Example:
        >>> with torch.no_grad():
        ...     (double,) = in_chunks(lambda x, _: (2 * x,), torch.arange(10_000), None)
        >>> len(double)
        10000
    """
    size = rows_at_once(rows)
    if len(rows) <= size or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return function(rows, context)
    contexts = [None] * -(-len(rows) // size) if context is None else context.split(size)
    parts = [function(*part) for part in zip(rows.split(size), contexts, strict=True)]
    return tuple(torch.cat(results) for results in zip(*parts, strict=True))


def by_rows(
    function: Callable[[Tensor, Tensor | None], tuple[Tensor, ...]],
    value: Tensor,
    event_ndim: int,
    context: Tensor | None,
) -> tuple[Tensor, ...]:
    """function(value, context) by rows, in company and in chunks; results in the batch's shape.

    Args:
        function: (n, *event), (n, c) or None -> tensors (n, …).
        value: (*batch, *event), with `event_ndim` dimensions of event.
        context: (…, c) that expands to the batch, or None.

    Example:
        >>> double = lambda rows, context: (2 * rows,)
        >>> by_rows(double, torch.ones(2, 3, 4), 1, None)[0].shape
        torch.Size([2, 3, 4])
    """
    batch = value.shape[: value.ndim - event_ndim]
    if context is not None:
        context = in_company(context.expand(*batch, -1), batch)
    results = in_chunks(function, in_company(value, batch), context)
    return tuple(r[: batch.numel()].reshape(batch + r.shape[1:]) for r in results)


def full_precision(like: Tensor) -> AbstractContextManager[Any]:
    """Inside, autocast is off on the tensor's device."""
    kind = like.device.type
    on = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if on else nullcontext()


def increasing_root(
    function: Callable[[Tensor], tuple[Tensor, Tensor]],
    low: Tensor,
    high: Tensor,
    *,
    iterations: int = 100,
    name: str = "root",
) -> Tensor:
    """Solve f(a) = 0, element by element, for an increasing f with f(low) <= 0 <= f(high).

    Newton's step where it stays inside the bracket and is at most half of the step before, else
    bisection, so that it always converges; without the second condition it can go to and fro
    between two flat parts. Brackets that do not hold the root are widened first. Nothing here is
    differentiated: the caller applies the implicit function theorem to the result.

    Args:
        function: a -> (f(a), f'(a)), shapes as `low`.
        low, high: the bracket.
        iterations: the most steps taken.
        name: what the warning calls the unknown.

    Warns:
        NumericalInverseWarning: where the bracket is still wide after `iterations` steps.

    Example:
        >>> low, high = torch.tensor([0.0]), torch.tensor([9.0])
        >>> increasing_root(lambda a: (a**3 - 8, 3 * a**2), low, high)
        tensor([2.])
    """
    with torch.no_grad():
        low, high = _bracket(function, low, high)
        tolerance = 4 * torch.finfo(low.dtype).eps
        a, moved = 0.5 * (low + high), high - low
        for _ in range(iterations):
            value, slope = function(a)
            low = torch.where(value <= 0, a, low)
            high = torch.where(value >= 0, a, high)
            newton = a - value / slope
            inside = (newton > low) & (newton < high)
            shrinks = (newton - a).abs() <= 0.5 * moved
            update = torch.where(inside & shrinks, newton, 0.5 * (low + high))
            moved = (update - a).abs()
            a = update
            # Asked this way round, a NaN that was given does not hold up the others.
            if not bool((moved > tolerance * (1 + a.abs())).any()):
                break
        else:
            residual = function(a)[0].abs().max().item()
            warnings.warn(
                f"{name}: the numerical inverse did not settle in {iterations} steps; "
                f"its largest residual is {residual:.3g}.",
                NumericalInverseWarning,
                stacklevel=3,
            )
    return a


def _bracket(
    function: Callable[[Tensor], tuple[Tensor, Tensor]], low: Tensor, high: Tensor
) -> tuple[Tensor, Tensor]:
    """Widen [low, high] by doubling until it holds the root (64 doublings at most)."""
    width = (high - low).clamp(min=1.0)
    for _ in range(64):
        too_high, too_low = function(low)[0] > 0, function(high)[0] < 0
        if not bool((too_high | too_low).any()):
            break
        low = torch.where(too_high, low - width, low)
        high = torch.where(too_low, high + width, high)
        width = 2 * width
    return low, high
