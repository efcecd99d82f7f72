"""Calls into the compiled library: tensors in, strides and pointers across, tensors out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.kernels.native import Job, Map, call

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Constants:
    """What a compiled map needs to know beside its parameters; see maps.hpp."""

    bins: int = 0
    bound: float = 0.0
    least_share: float = 0.0
    least_slope: float = 0.0
    unit_slope: float = 0.0

    def filled_in(self, n_params: int, inverse: bool) -> Map:
        """As the library wants them."""
        numbers = self.bound, self.least_share, self.least_slope, self.unit_slope
        return Map(n_params, self.bins, *numbers, inverse)


def _table(value: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
    """Value as (rows, features) and params as (rows, features, n), by views where they can be."""
    params = params.expand(*value.shape, params.shape[-1])
    if value.ndim == 2:
        return value, params
    features = value.shape[-1] if value.ndim > 1 else 1
    rows = value.numel() // features if features else 0
    return value.reshape(rows, features), params.reshape(rows, features, params.shape[-1])


def _job(constants: Constants, value: Tensor, params: Tensor, inverse: bool, out: Tensor) -> Job:
    rows, features, n_params = params.shape
    job = Job(constants.filled_in(n_params, inverse), rows, features, torch.get_num_threads())
    job.value_row, job.value_feature = value.stride()
    job.param_row, job.param_feature, job.param_step = params.stride()
    job.out_row, job.out_feature = out.stride()
    job.value, job.params = value.data_ptr(), params.data_ptr()
    return job


def by_feature(like: Tensor, rows: int, features: int) -> Tensor:
    """An empty (rows, features), the numbers of one feature side by side: blocks read those."""
    return like.new_empty(features, rows).t()


def apply(name: str, constants: Constants, value: Tensor, params: Tensor, inverse: bool) -> Pair:
    """The compiled map: value (...), params (..., n) -> (result, log-derivative), each (...)."""
    shape = value.shape
    value, params = _table(value.detach(), params.detach())
    result = by_feature(value, *value.shape)
    log_det = by_feature(value, *value.shape)
    job = _job(constants, value, params, inverse, result)
    job.result, job.log_det = result.data_ptr(), log_det.data_ptr()
    call(f"{name}_apply", value.dtype, job)
    return result.reshape(shape), log_det.reshape(shape)


def pull(
    name: str,
    constants: Constants,
    u: Tensor,
    params: Tensor,
    grad_result: Tensor,
    grad_log_det: Tensor,
    inverse: bool,
) -> Pair:
    """Cotangents of (result, log-derivative) pulled back to those of (value, params).

    u (...) is the number on the side where the formula is explicit: what an inverse returned.
    """
    shape, full = u.shape, (*u.shape, params.shape[-1])
    u, params = _table(u, params)
    grad_result, grad_log_det = grad_result.reshape(u.shape), grad_log_det.reshape(u.shape)
    grad_value = by_feature(u, *u.shape)
    rows, features, n_params = params.shape
    grad_params = params.new_empty(features, n_params, rows).permute(2, 0, 1)
    job = _job(constants, u, params, inverse, grad_value)
    job.pull_row, job.pull_feature, job.pull_step = grad_params.stride()
    job.grad_row, job.grad_feature = grad_result.stride()
    job.slope_row, job.slope_feature = grad_log_det.stride()
    job.grad_result, job.grad_log_det = grad_result.data_ptr(), grad_log_det.data_ptr()
    job.grad_value, job.grad_params = grad_value.data_ptr(), grad_params.data_ptr()
    call(f"{name}_pull", u.dtype, job)
    return grad_value.reshape(shape), grad_params.reshape(full)
