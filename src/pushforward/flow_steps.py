"""The way of a point through a flow, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.distributions import Distribution
from pushforward.flow_inputs import without_infinity
from pushforward.transforms import Compose, Transform

Path = Iterable[tuple[Transform, Tensor, Tensor]]  # each layer, the point after it, its log-det


@dataclass(frozen=True)
class Step:
    """Where a point is after one transform, and how dense the flow is there up to that point.

    Attributes:
        name: the transform's class, "base" for the start.
        value: z_k, (*batch, *event).
        log_det: log|det ∂z_k/∂z_{k-1}| of this step, (*batch), nats; zero for the base.
        log_prob: log p_k(z_k), (*batch), nats.
    """

    name: str
    value: Tensor
    log_det: Tensor
    log_prob: Tensor


def steps_from_base(
    base: Distribution, transform: Compose, z: Tensor, context: Tensor | None
) -> list[Step]:
    """Of z (*batch, *event), pushed forward; the context is embedded."""
    return _steps(z, base.log_prob(z, context), transform.walk(z, context))


def steps_from_data(
    base: Distribution, transform: Compose, x: Tensor, context: Tensor | None
) -> list[Step]:
    """Of x (*batch, *event), pulled back, in generative order; the context is embedded.

    The points are those that the inverse meets, so that the last is x itself, and one outside
    the support keeps its density of zero.
    """
    after, path = x, []
    z, infinite = without_infinity(x, transform.event_ndim_out)
    for layer, before, log_det in transform.unwind(z, context):
        path.append((layer, after, -log_det))
        z = after = before
    log_prob = torch.where(infinite, -math.inf, base.log_prob(z, context))
    return _steps(z, log_prob, path[::-1])


def _steps(z: Tensor, log_prob: Tensor, path: Path) -> list[Step]:
    steps = [Step("base", z, torch.zeros_like(log_prob), log_prob)]
    for layer, value, log_det in path:
        log_prob = log_prob - log_det
        steps.append(Step(type(layer).__name__, value, log_det, log_prob))
    return steps
