"""Rows of mixed columns with a known law, and a small model fitted to them."""

import numpy as np

from pushforward.density import fit_columns
from pushforward.transforms.columns import AnyOrder

RECORDS = [
    {"kind": "category", "size": 3},
    {"kind": "real", "lower": None, "upper": None},
    {"kind": "cells", "lower": 0, "upper": None},
    {"kind": "real", "lower": 0.0, "upper": None},
]


def rows(n: int, seed: int) -> np.ndarray:
    """A category, a number about it, a count that grows with that, and a positive number."""
    r = np.random.default_rng(seed)
    k = r.integers(3, size=n)
    x = k + 0.7 * r.normal(size=n)
    count = r.poisson(np.exp(0.5 + 0.4 * x))
    size = np.exp(0.3 * count + 0.5 * r.normal(size=n))
    return np.stack([k, x, count, size], 1)


def fitted(n: int, epochs: int) -> AnyOrder:
    """A model of n rows."""
    layer = fit_columns(rows(n, 0), RECORDS, epochs=epochs, seed=0).flow.transform[0]
    assert isinstance(layer, AnyOrder)
    return layer
