"""Which methods, on which tables, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.records import Job

PEERS = ("TVAE", "CTGAN", "GaussianCopula", "arfpy", "SPFlow")
PRODUCT = "pushforward"
REAL = "real rows"  # the training rows in the stead of synthetic ones: what there is to reach
METHODS = (*PEERS, PRODUCT, REAL)
DEFAULT_BUDGET = 300.0  # seconds, for the product
PATIENCE = 3600.0  # seconds of the processor for a whole run: fit, samples and densities
CLOCK = 4 * PATIENCE  # the same by the clock, on a machine that does other things as well
SEEDS = (0,)
DRAWS = 5  # synthetic tables of each fit: far values in one of them move what it is judged as
LIBRARIES = (
    "torch",
    "sdv",
    "ctgan",
    "copulas",
    "rdt",
    "sdmetrics",
    "arfpy",
    "spflow",
    "scikit-learn",
    "numpy",
    "pandas",
)
SIZES = {"diamonds": (53_940, 10), "nycflights": (50_000, 19)}  # rows and columns


def jobs(tables: Iterable[str], seeds: Iterable[int], methods: Iterable[str]) -> Iterator[Job]:
    """Every run: with one seed all methods on a table, then on the next; then the next seed."""
    tables, methods = list(tables), list(methods)
    for seed in seeds:
        for table in tables:
            for method in methods:
                yield Job(table, seed, method)
