"""Solving an autoregressive layer for all features at once, by fixed-point iteration."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.nets import AutoregressiveConditioner
from pushforward.univariate import Univariate

# Where these hold, D small products one after the other take longer than a few dense passes.
FEW_ROWS, MANY_FEATURES = 64, 24


@dataclass(frozen=True)
class Certificate:
    """What is known of a solution found by iteration.

    Attributes:
        settled: did the last iteration change nothing beyond rounding, or were there as many as
            features, with a finite residual?
        iterations: how many dense passes it took.
        residual: the largest |f⁻¹(x) - value| of each row (rows), by one more pass.
    """

    settled: bool
    iterations: int
    residual: Tensor


@torch.no_grad()
def solve_at_once(
    conditioner: AutoregressiveConditioner,
    univariate: Univariate,
    value: Tensor,
    context: Tensor | None,
    most: int | None = None,
) -> tuple[Tensor, Tensor, Certificate]:
    """x with univariate.forward(x; θ(x)) = value, log|det dx/dvalue|, and how sure that is.

    Jacobi's iteration x ← univariate.inverse(value; θ(x)) over all features. After k rounds the
    first k features are exact, so that D rounds always suffice; where features depend weakly on one
    another a few do (Song et al. 2021, "Accelerating feedforward computation via parallel nonlinear
    equation solving"). No gradients.

    Args:
        value: (rows, features).
        context: (rows, c) or None.
        most: iterations at most, D where None.

    Returns:
        x (rows, features), log|det| (rows) in nats, and the certificate.
    """
    tolerance = 4 * torch.finfo(value.dtype).eps
    most = value.shape[-1] if most is None else most
    x, settled, iteration = value, False, 0
    log_slope = torch.zeros_like(value)
    while not settled and iteration < most:
        before = x
        params = conditioner(before, context).to(value.dtype)
        x, log_slope = univariate.inverse(value, params)
        settled = bool(((x - before).abs() <= tolerance * (1 + x.abs())).all())
        iteration += 1
    back, _ = univariate.forward(x, conditioner(x, context).to(value.dtype))
    residual = (back - value).abs().amax(-1)
    if iteration >= value.shape[-1]:  # enough, unless something is not finite
        settled = settled or bool(residual.isfinite().all())
    return x, log_slope.sum(-1), Certificate(settled, iteration, residual)


def worthwhile(value: Tensor) -> bool:
    """Is iteration over all features likely to beat the walk: few rows of many features?"""
    return len(value) <= FEW_ROWS and value.shape[-1] >= MANY_FEATURES
