"""The controller's end of a run: starts its process, waits, and reads the outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.density.plan import Job
from benchmarks.density.records import Records
from benchmarks.process import ROOT

PATIENCE = 6 * 3600.0  # seconds


def environment(threads: int) -> dict[str, str]:
    """So many threads, whichever library starts them."""
    count = str(threads)
    limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")
    eigen = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false"
    return {
        **os.environ,
        **dict.fromkeys(limits, count),
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {eigen}".strip(),
        "JAX_PLATFORMS": "cpu",
    }


def run(job: Job, records: Records, threads: int, budget: float | None) -> dict[str, Any]:
    """The outcome of a run; where it fails, {"error": its last words}."""
    arguments = [job.table, str(job.seed), job.method, str(threads), str(budget or "none").lower()]
    try:
        finished = subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-m", "benchmarks.density.worker"),
                *(*arguments, str(records.rows(job).absolute())),
            ],
            cwd=ROOT,
            env=environment(threads),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done within {PATIENCE:.0f} s", "threads": threads}
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"status {finished.returncode}"]
        return {"error": lines[-1][:300], "threads": threads}
    outcome: dict[str, Any] = json.loads(finished.stdout.strip().splitlines()[-1])
    return {**outcome, "threads": threads}
