"""Judge the synthetic rows of one run, in a process of its own; no model is needed.

Usage: python -m benchmarks.mixed.judge TABLE SEED PATH

PATH is the Parquet file of synthetic tables that the run left; the last line on stdout is what was
found, as JSON.
"""

from __future__ import annotations

import json
import sys

import pandas as pd

from benchmarks.mixed.measures.closeness import closeness
from benchmarks.mixed.measures.quality import quality
from benchmarks.mixed.measures.utility import utility
from benchmarks.mixed.tables import split


def main(table: str, seed: str, path: str) -> None:
    """Judge and report."""
    rows, drawn = split(table, int(seed)), pd.read_parquet(path)
    n = len(rows.train)
    tables = [drawn.iloc[k : k + n].reset_index(drop=True) for k in range(0, len(drawn), n)]
    synthetic = tables[0]
    found = {
        **quality(rows, tables),
        **utility(table, rows, synthetic, int(seed)),
        **closeness(rows, synthetic, int(seed)),
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
