"""The affine map with a smoothly bounded log-scale: v = u·exp(s) + t, s = bound·tanh(θ/bound)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from pushforward.kernels.calls import Constants, Pair
from pushforward.kernels.fused import Fused


def affine(bound: float) -> Fused:
    """The map of parameters (t, θ) whose log-scale stays in [-bound, bound]."""
    return Fused(
        "affine", 2, Constants(bound=bound), partial(_forward, bound), partial(_inverse, bound)
    )


def _log_scale(bound: float, params: Tensor) -> Tensor:
    return bound * torch.tanh(params[..., 1] / bound)


def _forward(bound: float, u: Tensor, params: Tensor) -> Pair:
    log_scale = _log_scale(bound, params)
    return u * log_scale.exp() + params[..., 0], log_scale.expand_as(u)


def _inverse(bound: float, v: Tensor, params: Tensor) -> Pair:
    log_scale = _log_scale(bound, params)
    return (v - params[..., 0]) * (-log_scale).exp(), -log_scale.expand_as(v)
