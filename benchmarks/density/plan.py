"""Which methods, on which tables, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.records import Job

CLASSICAL = ("Gaussian", "mixture", "Bayesian mixture", "kernel", "vine")
FLOWS = (
    "zuko MAF",
    "zuko NSF",
    "flowjax MAF",
    "flowjax NSF-AR",
    "flowjax NSF-C",
)
PEERS = (*CLASSICAL, *FLOWS)
SAME, FULL = "pushforward (same time)", "pushforward"
PRODUCT = (SAME, FULL)
TRUTH = "truth"
METHODS = (*PEERS, TRUTH, *PRODUCT)
DEFAULT_BUDGET = 300.0  # seconds
SEEDS = (0, 1, 2)
SIZES = {  # rows and columns
    "breast_cancer": (569, 30),
    "twonorm": (7_400, 20),
    "magic": (19_020, 10),
    "diamonds": (53_940, 7),
    "gaia": (60_000, 5),
}


def jobs(tables: Iterable[str], seeds: Iterable[int], methods: Iterable[str]) -> Iterator[Job]:
    """Every run: all tables and methods with one seed, then with the next."""
    tables, methods = list(tables), list(methods)
    for seed in seeds:
        for table in tables:
            for method in methods:
                if method != TRUTH or table == "twonorm":
                    yield Job(table, seed, method)
