"""The densities and both tails of each feature given those before it, and mixtures of them.

A joint density with features in one order is the product of p(x_j | x_<j). A mixture of such
densities has conditionals of the same kind: those of its members, weighed by how well each member
has foretold the features before. That is the joint mixture exactly, and it is triangular: each
feature's own distribution function takes it to a standard normal latent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.special import erfcx, log_ndtr, ndtri

LOG_2PI = math.log(2 * math.pi)
FARTHEST = 1e9  # a standard normal number beyond it has no density in any precision
DIRECT = -40.0  # a log probability above it can be exponentiated in either precision


@dataclass(frozen=True)
class Conditionals:
    """Of each feature, given those before it; tensors of one shape, nats.

    Attributes:
        log_prob: log p(x_j | x_<j).
        log_cdf, log_sf: log F(x_j | x_<j) and log(1 - F), each exact in its own tail.
    """

    log_prob: Tensor
    log_cdf: Tensor
    log_sf: Tensor

    def __getitem__(self, index: Any) -> Conditionals:
        return Conditionals(self.log_prob[index], self.log_cdf[index], self.log_sf[index])


def standard_log_prob(z: Tensor) -> Tensor:
    """log N(z; 0, I), summed over the last dimension."""
    return -0.5 * (z.clamp(-FARTHEST, FARTHEST).square() + LOG_2PI).sum(-1)


def of_normal(z: Tensor, log_slope: Tensor) -> Conditionals:
    """Where z_j(x_j), of that log-slope, is standard normal given x_<j."""
    z = z.clamp(-FARTHEST, FARTHEST)
    log_prob = -0.5 * (z.square() + LOG_2PI) + log_slope
    return Conditionals(log_prob, _LogNormalCdf.apply(z), _LogNormalCdf.apply(-z))


def mixed(log_weights: Tensor, parts: Conditionals) -> Conditionals:
    """The mixture over the first dimension, by weights that already heed what came before.

    Args:
        log_weights: as the parts, or broadcast to them; need not be normalised.
        parts: (members, …).
    """
    log_weights = log_weights.log_softmax(0)
    return Conditionals(
        torch.logsumexp(log_weights + parts.log_prob, 0),
        torch.logsumexp(log_weights + parts.log_cdf, 0),
        torch.logsumexp(log_weights + parts.log_sf, 0),
    )


def foretold(log_weights: Tensor, log_prob: Tensor) -> Tensor:
    """The members' log-weights before each feature, (members, rows, features), not normalised.

    Args:
        log_weights: (members, 1) or (members, rows), before the first feature.
        log_prob: (members, rows, features), log p_k(x_j | x_<j).
    """
    before = torch.cat([torch.zeros_like(log_prob[..., :1]), log_prob[..., :-1]], -1)
    return log_weights[..., None] + before.cumsum(-1)


def latent(given: Conditionals) -> tuple[Tensor, Tensor]:
    """The standard normal z of each feature, and log dz/dx: from the tail that is nearer.

    Example:
        >>> z = torch.tensor([-30.0, 0.5, 8.0])
        >>> back, log_slope = latent(of_normal(z, torch.zeros(3)))
        >>> torch.allclose(back, z), bool((log_slope.abs() < 1e-4).all())
        (True, True)
    """
    lower = given.log_cdf < given.log_sf
    tail = _NormalQuantile.apply(torch.where(lower, given.log_cdf, given.log_sf))
    z = torch.where(lower, tail, -tail)
    return z, given.log_prob + 0.5 * (z.square() + LOG_2PI)


class _LogNormalCdf(torch.autograd.Function):
    """log Φ(z); its slope φ(z)/Φ(z) by erfcx, which torch's own loses to rounding far out."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return log_ndtr(z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grad * (math.sqrt(2 / math.pi) / erfcx(-z / math.sqrt(2)))


class _NormalQuantile(torch.autograd.Function):
    """z with log Φ(z) = log_p, for log_p ≤ log ½."""

    generate_vmap_rule = True

    @staticmethod
    def forward(log_p: Tensor) -> Tensor:
        z = ndtri(log_p.clamp(min=DIRECT, max=-math.log(2)).exp())
        # Φ(-a) = exp(-a²/2)/(a√(2π))·(1 - 1/a² + …), then Newton's steps on log Φ
        twice = (-2 * log_p).clamp(min=-2 * DIRECT)
        far = -(twice - (2 * math.pi * twice).log()).sqrt()
        for _ in range(3):
            slope = math.sqrt(2 / math.pi) / erfcx(-far / math.sqrt(2))
            far = far - (log_ndtr(far) - log_p.clamp(max=DIRECT)) / slope
        return torch.where(log_p < DIRECT, far, z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grad * (math.sqrt(math.pi / 2) * erfcx(-z / math.sqrt(2)))
