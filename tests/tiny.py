"""Flows, rows and tables so small that a test may fit them."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import pushforward as pf
from pushforward import Flow

QUICK = ("--flow", "maf", "--epochs", "2")  # a fit of the command line that takes no time
SIZE = {"layers": 1, "hidden": (8,)}


def rows(
    n: int = 200, features: int = 2, seed: int = 0, dtype: torch.dtype | None = None
) -> Tensor:
    """A curved cloud: each feature hangs on the first."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator, dtype=torch.float64)
    for j in range(1, features):
        x[:, j] = 0.5 * x[:, j] + x[:, 0] ** 2 + 3
    return x.to(dtype or torch.float32)


def flow(features: int = 2, recipe: str = "nsf", **arguments: object) -> Flow:
    """A small flow of the recipe, the same at each call; as in its recipe, nothing is trained."""
    make = pf.flows.RECIPES[recipe]
    taken = inspect.signature(make).parameters
    size = {name: value for name, value in SIZE.items() if name in taken}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make(features, **(size | arguments))


def same(one: Flow, other: Flow) -> bool:
    """Are all tensors equal, bit for bit?"""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)


def columns(n: int = 80, seed: int = 0) -> dict[str, np.ndarray]:
    """The columns a, b and c of a table."""
    return dict(zip("abc", rows(n, 3, seed, torch.float64).numpy().T, strict=True))


def write_csv(path: Path, table: dict[str, np.ndarray], delimiter: str = ",") -> Path:
    """Write columns to a file, their cells as `str` gives them, nothing quoted."""
    lines = [table.keys(), *zip(*table.values(), strict=True)]
    text = "".join(delimiter.join(map(str, line)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path
