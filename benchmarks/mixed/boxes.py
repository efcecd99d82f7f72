"""The probability of boxes under a normal law, from which rounded cells get their mass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri

Rows = NDArray[np.float64]

BLOCK = 500  # boxes at a time


def factor(covariance: Rows) -> Rows:
    """A lower triangle L with L Lᵀ = covariance, or as near as rounding allows: (D, D)."""
    for slack in (0.0, *(10.0**k for k in range(-14, -3))):
        try:
            triangle: Rows = np.linalg.cholesky(covariance + slack * np.eye(len(covariance)))
        except np.linalg.LinAlgError:
            continue
        return triangle
    raise ValueError("the covariance is not positive definite")


def log_box(lower: Rows, upper: Rows, covariance: Rows, draws: int, seed: int) -> Rows:
    """log P(lower < Z < upper) of Z ~ N(0, covariance), nats, estimated: (n,).

    Coordinates are drawn one after another inside their bounds, and the probabilities of the bounds
    multiplied (Geweke 1991, Hajivassiliou and Keane): the mean over draws is unbiased, its
    logarithm a little low.

    Args:
        lower, upper: (n, D), infinite where there is no bound.
        covariance: (D, D), positive definite up to rounding.
        draws: how many for each box.
        seed: of the draws.

    Example:
        >>> far = np.full((1, 2), np.inf)
        >>> corner = log_box(np.zeros((1, 2)), far, np.array([[1.0, 0.5], [0.5, 1.0]]), 20_000, 0)
        >>> print(f"{np.exp(corner[0]):.2f}")  # 1/4 + arcsin(1/2) / 2π
        0.33
    """
    rng = np.random.default_rng(seed)
    triangle = factor(covariance)
    parts = [
        _block(lower[i : i + BLOCK], upper[i : i + BLOCK], triangle, draws, rng)
        for i in range(0, len(lower), BLOCK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _block(lower: Rows, upper: Rows, triangle: Rows, draws: int, rng: np.random.Generator) -> Rows:
    n, features = lower.shape
    drawn = np.zeros((features, n, draws))
    total = np.zeros((n, draws))
    for j in range(features):
        known = np.tensordot(triangle[j, :j], drawn[:j], 1)  # zeros where j is 0
        low = (lower[:, j, None] - known) / triangle[j, j]
        high = (upper[:, j, None] - known) / triangle[j, j]
        log_mass, drawn[j] = _between(low, high, rng)
        total += log_mass
    with np.errstate(divide="ignore"):
        return logsumexp(total, axis=1) - np.log(draws)


def _between(low: Rows, high: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """log P(low < e < high) of a standard normal e, and an e drawn in between."""
    right = low > 0  # turned to the left tail, where small probabilities are exact
    a, b = np.where(right, -high, low), np.where(right, -low, high)
    below, above = ndtr(a), ndtr(b)
    with np.errstate(divide="ignore"):
        log_mass = np.log(np.fmax(above - below, 0))  # 0 for NaN
    e = ndtri(below + rng.random(a.shape) * (above - below))
    e = np.clip(np.nan_to_num(e, nan=0.0, posinf=40.0, neginf=-40.0), a, b)
    e = np.where(np.isfinite(e), e, 0.0)
    return log_mass, np.where(right, -e, e)
