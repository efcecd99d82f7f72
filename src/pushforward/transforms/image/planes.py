"""Univariate maps of planes of numbers, whose parameters a network gives plane by plane."""

from __future__ import annotations

from torch import Tensor

from pushforward.univariate import Map


def by_planes(function: Map, planes: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
    """(*planes, N) with parameters (*planes, n_params, N) -> values, log-derivatives (*planes, N).

    The maps want their numbers feature by feature, with those of one feature side by side: here
    each plane of each image is a feature, and nothing need be moved in memory.
    """
    # A network may have computed in bfloat16; maps and log-dets never do.
    table = planes.flatten(0, -2).t()
    params = params.flatten(0, -3).permute(2, 0, 1).to(planes.dtype)
    value, log_det = function(table, params)
    return value.t().reshape(planes.shape), log_det.t().reshape(planes.shape)
