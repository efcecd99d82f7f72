"""The compiled maps as operators, for torch.compile, which must not look inside.

Eager code does not come this way: the operators' dispatch costs as much as a small batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pushforward.kernels.calls import Constants, Pair, apply, by_feature, pull


@torch.library.custom_op("pushforward::apply_map", mutates_args=())
def apply_map(
    value: Tensor, params: Tensor, name: str, bins: int, numbers: list[float], inverse: bool
) -> tuple[Tensor, Tensor]:
    """`apply` as an operator, with the constants spelt out."""
    return apply(name, Constants(bins, *numbers), value, params, inverse)


@apply_map.register_fake
def _(value: Tensor, *_rest: Any, **_named: Any) -> Pair:
    return _result_like(value), _result_like(value)


def _result_like(value: Tensor) -> Tensor:
    """A stand-in of the shape and strides of what `apply` gives."""
    features = value.shape[-1] if value.ndim > 1 else 1
    return by_feature(value, value.numel() // features, features).reshape(value.shape)


@torch.library.custom_op("pushforward::pull_map", mutates_args=())
def pull_map(
    u: Tensor,
    params: Tensor,
    grad_result: Tensor,
    grad_log_det: Tensor,
    name: str,
    bins: int,
    numbers: list[float],
    inverse: bool,
) -> tuple[Tensor, Tensor]:
    """`pull` as an operator."""
    constants = Constants(bins, *numbers)
    return pull(name, constants, u, params, grad_result, grad_log_det, inverse)


@pull_map.register_fake
def _(u: Tensor, params: Tensor, *_rest: Any) -> Pair:
    features = u.shape[-1] if u.ndim > 1 else 1
    rows, n_params = u.numel() // features, params.shape[-1]
    grads = params.new_empty(features, n_params, rows).permute(2, 0, 1)
    return _result_like(u), grads.reshape(*u.shape, n_params)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Pair) -> None:
    value, params, *ctx.rest = inputs
    ctx.save_for_backward(output[0] if ctx.rest[-1] else value, params)


def _pull_back(ctx: Any, grad_result: Tensor, grad_log_det: Tensor) -> tuple[Tensor | None, ...]:
    u, params = ctx.saved_tensors
    by_value, by_params = pull_map(u, params, grad_result, grad_log_det, *ctx.rest)
    return (by_value, by_params, *(None for _ in ctx.rest))


apply_map.register_autograd(_pull_back, setup_context=_remember)
