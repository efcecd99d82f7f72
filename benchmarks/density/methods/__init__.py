"""The methods, by name; a module is imported when one of its methods is about to run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.density.plan import FULL, SAME, TRUTH
from benchmarks.density.tables import Rows, Split


@dataclass(frozen=True)
class Task:
    """What a method is given.

    Attributes:
        split: the rows; those of `split.test` are for judging only.
        seed: of the method's own randomness.
        threads: how many it may use.
        budget: seconds, for a method that takes a budget.
    """

    split: Split
    seed: int
    threads: int
    budget: float | None = None


@dataclass(frozen=True)
class Fitted:
    """What a method gives back.

    Attributes:
        log_prob: (n, D) standardised rows to (n,) log densities, nats.
        settings: what was chosen, for the record.
    """

    log_prob: Callable[[Rows], Rows]
    settings: dict[str, Any]


Method = Callable[[Task], Fitted]

PLACES = {
    "Gaussian": "classical.gaussian",
    "mixture": "classical.mixture",
    "Bayesian mixture": "classical.bayesian",
    "kernel": "classical.kernel",
    "vine": "vine.vine",
    "zuko MAF": "zuko_flows.maf",
    "zuko NSF": "zuko_flows.nsf",
    "flowjax MAF": "flowjax_flows.maf",
    "flowjax NSF-AR": "flowjax_flows.nsf_ar",
    "flowjax NSF-C": "flowjax_flows.nsf_c",
    TRUTH: "classical.truth",
    SAME: "product.product",
    FULL: "product.product",
}


def find(name: str) -> Method:
    """Import the module of a method, and return the method."""
    module, _, function = PLACES[name].partition(".")
    method: Method = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return method
