"""Randomness that starts from a seed and leaves the caller's own alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's CPU generator starts from `seed`; afterwards it goes on as if untouched.

    `torch.manual_seed` would reseed the accelerators' generators too, and they stay as they are.

    Example:
        >>> with seeded(0):
        ...     first = torch.rand(())
        >>> with seeded(0):
        ...     bool(torch.rand(()) == first)
        True
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def reseed(*parts: int) -> None:
    """Let torch's CPU generator go on from where some whole numbers together lead.

    Example:
        >>> with seeded(0):
        ...     reseed(1, 2)
        ...     first = torch.rand(())
        ...     reseed(1, 2)
        ...     bool(torch.rand(()) == first)
        True
    """
    state = np.random.SeedSequence(parts).generate_state(1, np.uint64)[0]
    torch.default_generator.manual_seed(int(state >> np.uint64(1)))
