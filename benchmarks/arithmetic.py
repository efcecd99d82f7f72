"""The arithmetic of `score` alone: for each line on stdin, score the rows in memory once.

Usage: python -m benchmarks.arithmetic MODEL ROWS
"""

from __future__ import annotations

import sys
import time

import numpy as np

from pushforward.tables.model import load_table_model


def main(folder: str, count: int) -> None:
    """Answer every line with the seconds that one pass over the rows took."""
    model = load_table_model(folder)
    values = np.random.default_rng(0).normal(size=(count, len(model.columns)))
    model.log_prob(values[:20000])
    for _ in sys.stdin:
        started = time.perf_counter()
        model.log_prob(values)
        sys.stdout.write(f"{time.perf_counter() - started}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
