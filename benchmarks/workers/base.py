"""What an entry offers to the worker's loop."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from benchmarks.work import Case

PERTURBATION = 0.05  # standard deviation added to each weight: the check wants no identity map
CHECKED_ROWS = 4
FLOAT32_ROWS = 256


class Missing(Exception):
    """The library has no such model, or no such way; the text says so on the page."""


class Entry(ABC):
    """One flow of one library, ready to be timed.

    Attributes:
        case: the work.
        params: trainable numbers.
        notes: what a reader must know about this entry.
    """

    params: int

    def __init__(self, case: Case) -> None:
        self.case = case
        self.notes: list[str] = []

    @abstractmethod
    def train(self) -> None:
        """One step: loss, gradient, Adam."""

    @abstractmethod
    def log_prob(self) -> None:
        """Log density of the evaluation rows, without gradients."""

    @abstractmethod
    def sample(self) -> None:
        """Draw the sample rows, without gradients."""

    def check(self) -> dict[str, float] | None:
        """Perturb the weights, then compare; None for the floor, which is no flow.

        Returns:
            round_trip: max |decode(encode(x)) - x|, float64.
            log_det: max |log-det - slogdet of autodiff's Jacobian|, float64, nats.
            float32: max |log_prob as it is timed - the same in float64|, nats.
        """
        return None


def rows(n: int, features: int, seed: int = 0) -> np.ndarray:
    """Standard normal rows (n, features), float32, the same for every entry."""
    return np.random.default_rng(seed).normal(size=(n, features)).astype(np.float32)
