"""The weights of a mixture of candidates: what foretells the folds best, none below a floor."""

from __future__ import annotations

import torch
from torch import Tensor

FLOOR = 0.01  # so that the mixture loses no more than -log(0.01) to any candidate, on any row
STEPS = 500


def stacking_weights(log_prob: Tensor, weight: Tensor, floor: float = FLOOR) -> Tensor:
    """argmax_w Σ_i weight_i·log Σ_k w_k p_k(x_i) over w_k ≥ floor, Σ w = 1 (stacked density
    estimation, Smyth & Wolpert 1999), by expectation maximisation.

    Args:
        log_prob: (rows, candidates), each on rows that it was not fitted to, nats.
        weight: (rows).
        floor: the least weight of each.

    Returns:
        (candidates), float64.

    Example:
        >>> better = torch.tensor([[0.0, -9.0]]).repeat(50, 1)
        >>> [round(w, 3) for w in stacking_weights(better, torch.ones(50)).tolist()]
        [0.99, 0.01]
    """
    count = log_prob.shape[1]
    log_prob = log_prob.double().clamp(min=-1e6)
    share = (weight.double() / weight.double().sum())[:, None]
    free = 1 - floor * count
    v = torch.full((count,), 1 / count, dtype=torch.float64)
    for _ in range(STEPS):
        total = torch.logsumexp(log_prob + (floor + free * v).log(), 1, keepdim=True)
        mass = (share * (log_prob + (free * v).log() - total).exp()).sum(0)
        after = mass / mass.sum()
        if bool((after - v).abs().max() < 1e-7):
            break
        v = after
    return floor + free * v
