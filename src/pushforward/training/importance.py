"""How near a flow is to a density known up to its normaliser: ELBO, evidence, ESS."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow

LogDensity = Callable[[Tensor], Tensor]  # x (n, *event) -> log p(x) (n), nats, up to a constant

CHUNK = 2**14  # points at a time


@dataclass(frozen=True, kw_only=True)
class Importance:
    """What weights w = p(x)/q(x) over draws x ~ q say; every figure an estimate, in nats.

    Attributes:
        elbo: E_q[log p - log q], a lower bound of log Z; `elbo_error` its standard error.
        log_evidence: log Z = log ∫p, by the mean weight; `log_evidence_error` to first order.
        kl: KL(q‖p) = log Z - ELBO, which needs no normaliser. It is too low where q has not found
            a part of p, which no draw of q can tell.
        ess: effective sample size, (Σw)²/Σw²; `ess_fraction` of the number of draws.
        draws: how many.
    """

    elbo: float
    elbo_error: float
    log_evidence: float
    log_evidence_error: float
    kl: float
    ess: float
    ess_fraction: float
    draws: int


@torch.no_grad()
def importance(
    flow: Flow, log_density: LogDensity, draws: int = 10_000, seed: int = 0
) -> Importance:
    """Judge a flow against a density by importance weights.

    Args:
        flow: the proposal q, without a context.
        log_density: x (n, *event) -> log p(x) (n), up to a constant; -inf where p is zero.
        draws: how many x are drawn, 2 or more.
        seed: of the draws.

    Raises:
        ConfigurationError: fewer than two draws.
        ShapeError: what `log_density` returns does not fit, or is NaN.

    Example:
        >>> from pushforward.distributions import Normal
        >>> found = importance(Flow(Normal(2)), lambda x: -0.5 * x.square().sum(-1))
        >>> round(math.exp(found.log_evidence) / math.pi, 4), round(found.ess_fraction, 4)
        (2.0, 1.0)
    """
    if draws < 2:
        raise ConfigurationError(f"draws must be a whole number of at least 2, but is {draws}.")
    generator = generator_like(flow, seed)
    parts = []
    for size in [CHUNK] * (draws // CHUNK) + [draws % CHUNK]:
        x, log_q = flow.sample_and_log_prob((size,), generator=generator)
        parts.append(scored(log_density, x) - log_q)
    return weighed(torch.cat(parts).double())


def weighed(log_weights: Tensor) -> Importance:
    """The figures of log-weights (n)."""
    n = len(log_weights)
    elbo = log_weights.mean().item()
    log_evidence = log_weights.logsumexp(0).item() - math.log(n)
    # No draw where p is positive: nothing is known, and no weight counts.
    empty = math.isinf(log_evidence)
    share = 0.0 if empty else 1 / (n * log_weights.softmax(0).square().sum().item())
    return Importance(
        elbo=elbo,
        elbo_error=math.inf if math.isinf(elbo) else log_weights.std().item() / math.sqrt(n),
        log_evidence=log_evidence,
        log_evidence_error=math.inf if empty else math.sqrt(max(1 / share - 1, 0.0) / n),
        kl=math.inf if empty else log_evidence - elbo,
        ess=n * share,
        ess_fraction=share,
        draws=n,
    )


def scored(log_density: LogDensity, x: Tensor) -> Tensor:
    """log_density(x), (n), where it is what it should be.

    Raises:
        ShapeError: not a tensor of one number a point, or NaN; the message says which.
    """
    value: Any = log_density(x)
    if not isinstance(value, Tensor):
        raise ShapeError(
            f"log_density must return a torch tensor, but gave {type(value).__name__}."
        )
    if value.shape != x.shape[:1]:
        raise ShapeError(
            f"log_density must return one number a point: for x of shape {tuple(x.shape)} "
            f"that is shape ({len(x)},), but it gave {tuple(value.shape)}."
        )
    bad = value.isnan() & x.flatten(1).isfinite().all(1)  # a NaN of the flow's own is not its fault
    if bool(bad.any()):
        first = int(bad.nonzero()[0])
        raise ShapeError(
            f"log_density gave NaN at {int(bad.sum())} of {len(x)} points, the first of them "
            f"x = {[round(v, 6) for v in x[first].flatten().tolist()]}."
        )
    return value


def generator_like(flow: Flow, seed: int) -> torch.Generator:
    """A generator of that seed on the flow's device."""
    tensor = next((t for t in (*flow.parameters(), *flow.buffers())), torch.zeros(()))
    return torch.Generator(tensor.device).manual_seed(seed)
