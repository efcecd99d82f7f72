"""The methods, by name; a module is imported when one of its methods is about to run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.mixed.plan import PRODUCT, REAL

Masses = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Task:
    """What a method is given.

    Attributes:
        train: the rows to fit.
        seed: of the method's own randomness.
        budget: seconds, for a method that takes a budget.
    """

    train: pd.DataFrame
    seed: int
    budget: float | None = None


@dataclass(frozen=True)
class Fitted:
    """What a method gives back.

    Attributes:
        sample: so many new rows, in types that `tables.like` can bring to those of the table.
        log_mass: rows to (n,) log probabilities of their cells, nats; None for a method that
            offers no density.
        settings: what was chosen, for the record.
    """

    sample: Callable[[int], pd.DataFrame]
    log_mass: Masses | None = None
    settings: dict[str, Any] = field(default_factory=dict)


Method = Callable[[Task], Fitted]

PLACES = {
    "TVAE": "sdv_neural.tvae",
    "CTGAN": "sdv_neural.ctgan",
    "GaussianCopula": "sdv_copula.copula",
    "arfpy": "forest.forest",
    "SPFlow": "circuit.circuit",
    PRODUCT: "product.product",
    REAL: "real.real",
}


def find(name: str) -> Method:
    """Import the module of a method, and return the method."""
    module, _, function = PLACES[name].partition(".")
    method: Method = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return method
