"""Row 6's ingredients: the two bases, and planar maps that are random but the same each time."""

from __future__ import annotations

import torch
from torch import nn

from pushforward.distributions import Distribution, Normal, Uniform
from pushforward.flow import Flow
from pushforward.transforms import Planar

COUNTS = (0, 1, 2, 10)
KEYS = [(base, m) for base in ("Gaussian", "uniform") for m in COUNTS]
SEED = 1


def base_named(name: str) -> Distribution:
    """N(0, I), or the uniform square of side 8 around zero."""
    return Normal(2) if name == "Gaussian" else Uniform(2, -4.0, 4.0)


def random_planar(base: str, m: int) -> Flow:
    """m planar maps with normal u, w (deviation 2) and b, from one seed, on a base by name.

    Example:
        >>> len(random_planar("uniform", 10))
        10
    """
    generator = torch.Generator().manual_seed(SEED)
    maps = [Planar(2) for _ in range(m)]
    for layer in maps:
        for parameter, deviation in ((layer.u, 1.0), (layer.w, 2.0), (layer.b, 1.0)):
            nn.init.normal_(parameter, std=deviation, generator=generator)
    return Flow(base_named(base), maps)
