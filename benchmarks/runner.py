"""The controller's end of a run: starts its process, waits, and reads what it says."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.process import ROOT, Failed


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


def run(
    module: str,
    arguments: Sequence[str],
    threads: int,
    patience: float,
    processor: float | None = None,
) -> str:
    """The last line that `python -m module` prints.

    Args:
        module, arguments: what to run.
        threads: how many it may use.
        patience: seconds by the clock.
        processor: seconds of the processor, where these are limited too.

    Raises:
        Failed: it is not done in that time, or fails; the text is its last words.
    """
    try:
        finished = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", module, *arguments],
            cwd=ROOT,
            env=environment(threads),
            capture_output=True,
            text=True,
            timeout=patience,
            preexec_fn=None if processor is None else lambda: _limit(int(processor)),
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not done within {patience:.0f} s") from None
    if processor is not None and finished.returncode in (-24, -9):  # SIGXCPU, SIGKILL
        raise Failed(f"not done within {processor:.0f} s of the processor")
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"status {finished.returncode}"]
        raise Failed(lines[-1][:300])
    return (finished.stdout.strip().splitlines() or [""])[-1]


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 10))
