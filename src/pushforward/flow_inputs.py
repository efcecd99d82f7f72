"""What a flow takes: shapes, dtypes and contexts that fit, and a sentence on those that do not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.errors import ShapeError


def without_infinity(x: Tensor, event_ndim: int) -> tuple[Tensor, Tensor]:
    """x with a zero for each event that has an infinite coordinate, and which those are.

    An infinite coordinate would meet 0·inf somewhere inside: such rows are scored by rule.
    """
    infinite = x.isinf().flatten(x.ndim - event_ndim).any(-1)
    event_mask = infinite.reshape(*infinite.shape, *(1 for _ in range(event_ndim)))
    return torch.where(event_mask, 0.0, x), infinite


def accept_event(
    name: str, value: Tensor, event: torch.Size, dtype: torch.dtype, context: Tensor | None
) -> None:
    """Refuse a value (*batch, *event), or a context for it, that does not fit.

    Raises:
        ShapeError: shape, dtype or context do not fit; the message repeats both.
    """
    if not isinstance(value, Tensor):
        raise ShapeError(f"{name} must be a torch tensor, but is a {type(value).__name__}.")
    if value.shape[value.ndim - len(event) :] != event or value.ndim < len(event):
        raise ShapeError(
            f"{name} must end in the event shape {tuple(event)}, "
            f"but was given shape {tuple(value.shape)}."
        )
    accept_dtype(name, value, dtype)
    if context is None:
        return
    batch = value.shape[: value.ndim - len(event)]
    try:
        fits = torch.broadcast_shapes(context.shape[:-1], batch) == batch
    except RuntimeError:
        fits = False
    if context.ndim and not fits:
        raise ShapeError(
            f"A context of shape {tuple(context.shape)} does not broadcast to "
            f"{name}'s batch shape {tuple(batch)}."
        )


def accept_dtype(name: str, value: Tensor, dtype: torch.dtype) -> None:
    """Refuse a value of another dtype than the flow's.

    Raises:
        ShapeError: it is; the message names both.
    """
    if value.dtype != dtype:
        other = f" or flow.to({value.dtype})" if value.is_floating_point() else ""
        raise ShapeError(
            f"{name} is {value.dtype}, but this flow computes in {dtype}; convert it with "
            f"{name}.to({dtype}){other}."
        )


def counts(shape: Sequence[int]) -> Sequence[int]:
    """A shape of samples as it was given, or one sentence on what it should be.

    Raises:
        ShapeError: it is no sequence of counts.
    """
    if isinstance(shape, int) or any(not isinstance(n, int) or n < 0 for n in shape):
        raise ShapeError(f"The shape of samples is a sequence such as (5,), but is {shape!r}.")
    return shape
