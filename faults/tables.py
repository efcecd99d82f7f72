"""The table and the fit that the campaigns disturb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS, GROUP = 1000, 250


def write_table(path: Path) -> None:
    """A thousand rows of three columns, one of which hangs on another, in four row groups."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, 3))
    values[:, 1] += values[:, 0] ** 2
    columns = {name: values[:, j] for j, name in enumerate("abc")}
    pq.write_table(pa.table(columns), path, row_group_size=GROUP)


def fit_of(table: Path, model: Path, epochs: int = 40) -> list[str]:
    """The arguments of a fit of it: seconds long, and the same each time."""
    small = ["--set", "layers=2", "--set", "hidden=16,16", "--batch-size", "256"]
    return [
        *("fit", str(table), "-o", str(model), "--flow", "nsf", *small),
        *("--epochs", str(epochs), "--no-baselines"),
    ]
