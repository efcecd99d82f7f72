"""Randomness that starts from a seed and leaves the caller's own alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
