"""What a user waits for: --help, building a large flow, and scoring a large CSV file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from benchmarks.figures import summary
from benchmarks.process import ROOT
from benchmarks.work import THREADS

COLUMNS = 10
BUILD = (
    "import time; t = time.perf_counter(); import pushforward as pf; flows = pf.flows; "
    "u = time.perf_counter(); flows.{}; print(u - t, time.perf_counter() - u)"
)
BUILT = {
    "nsf(1000), autoregressive": "nsf(1000)",
    "nsf(1000), coupling": "nsf(1000, wiring='coupling')",
    "maf(1000)": "maf(1000)",
}
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}


def run(*arguments: str) -> str:
    """The output of a Python process; its errors appear where ours do."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout


def timed(*arguments: str) -> float:
    """Wall seconds of a whole Python process."""
    started = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - started


def start_up(repeats: int) -> dict[str, Any]:
    """--help and building, each in fresh processes, interleaved."""
    bare: list[float] = []
    help_: list[float] = []
    imported: list[float] = []
    built: dict[str, list[float]] = {name: [] for name in BUILT}
    for _ in range(repeats):
        bare.append(timed("-c", "pass"))
        help_.append(timed("-m", "pushforward", "--help"))
        for name, call in BUILT.items():
            importing, building = map(float, run("-c", BUILD.format(call)).split())
            imported.append(importing)
            built[name].append(building)
    return {
        "python": summary(bare),
        "help": summary(help_),
        "import": summary(imported),
        "build": {name: summary(times) for name, times in built.items()},
    }


def write_csv(path: Path, rows: int) -> None:
    """A CSV file of independent normal columns."""
    values = np.random.default_rng(0).normal(size=(rows, COLUMNS))
    csv.write_csv(pa.table({f"c{j}": values[:, j] for j in range(COLUMNS)}), path)


def scoring(rows: int, repeats: int) -> dict[str, Any]:
    """`pushforward score` of a CSV file, beside the arithmetic alone, turn by turn."""
    with tempfile.TemporaryDirectory() as folder:
        small, large, model = (str(Path(folder, n)) for n in ("small.csv", "large.csv", "model"))
        write_csv(Path(small), 5000)
        write_csv(Path(large), rows)
        command = ("-m", "pushforward")
        run(*command, "fit", small, "-o", model, "--time-budget", "5s")
        score = (*command, "score", model, large, "-o", str(Path(folder, "scores.csv")), "--force")
        whole, alone = [], []
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.arithmetic", model, str(rows)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as arithmetic:
            assert arithmetic.stdin is not None
            assert arithmetic.stdout is not None
            for _ in range(repeats):
                arithmetic.stdin.write("\n")
                arithmetic.stdin.flush()
                alone.append(float(arithmetic.stdout.readline()))
                whole.append(timed(*score))
            arithmetic.stdin.close()
        size = Path(large).stat().st_size
    return {
        "rows": rows,
        "columns": COLUMNS,
        "bytes": size,
        "score": summary(whole),
        "arithmetic": summary(alone),
    }
