"""A layer that fails at chosen rows while it is trained, and a flow with it."""

from __future__ import annotations

import math

import torch
from torch import nn

import pushforward as pf
import tiny
from pushforward.distributions import Normal
from pushforward.transforms import ActNorm, Planar, Transform

POISON = 10.0  # a first coordinate beyond this poisons the batch it is in
FAULTS = ("value", "log-det", "infinite log-det", "gradient", "infinite gradient")


class BadGradient(torch.autograd.Function):
    """The identity, whose gradient is a given number."""

    @staticmethod
    def forward(ctx, x, gradient):
        ctx.gradient = gradient
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.full_like(gradient, ctx.gradient), None


class Poisoned(Transform):
    """A trainable scaling that, while it is trained, fails at batches with a poisoned row."""

    event_ndim_in = event_ndim_out = 1

    def __init__(self, fault: str, everywhere: bool = False) -> None:
        super().__init__()
        self.features, self.fault, self.everywhere = 2, fault, everywhere
        self.log_scale = nn.Parameter(torch.zeros(2))

    def forward(self, z, context=None):
        return z * self.log_scale.exp(), self.log_scale.sum().expand(z.shape[:-1])

    def inverse(self, x, context=None):
        z, log_det = x * (-self.log_scale).exp(), -self.log_scale.sum().expand(x.shape[:-1])
        if not self.training or not (self.everywhere or (x[..., 0] > POISON).any()):
            return z, log_det
        match self.fault:
            case "value":
                z = z * math.nan
            case "log-det":
                log_det = log_det * math.nan
            case "infinite log-det":
                log_det = log_det - math.inf
            case "gradient":
                z = BadGradient.apply(z, math.nan)
            case _:
                z = BadGradient.apply(z, math.inf)
        return z, log_det


def poisoned_rows() -> torch.Tensor:
    """Some batches of these are poisoned, and some are not."""
    x = tiny.rows(200, seed=3)
    x[::97, 0] = 20.0
    return x


def flow_with(layer: Transform) -> pf.Flow:
    """It is layer 1 of four; no scaler sees the rows."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.Flow(Normal(2), [ActNorm(2), layer, Planar(2), ActNorm(2, trainable=False)])
    flow.initialized.fill_(True)
    return flow
