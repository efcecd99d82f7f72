"""The machine and the versions behind the figures."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT
from benchmarks.work import THREADS

LIBRARIES = ("torch", "zuko", "nflows", "normflows", "FrEIA", "flowjax", "jax", "equinox", "optax")


def describe(threads: int = THREADS, libraries: tuple[str, ...] = LIBRARIES) -> dict[str, Any]:
    """What a reader needs to judge the figures by."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gib": memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "commit": commit(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {name: release(name) for name in libraries},
    }


def cpu() -> str:
    """The processor's name, with family and model where the name alone says little."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or "unknown"
    pairs = [line.split(":", 1) for line in path.read_text().splitlines() if ":" in line]
    facts = {key.strip(): value.strip() for key, value in reversed(pairs)}
    name = facts.get("model name", "unknown")
    widest = next((w for w in ("avx512f", "avx2") if w in facts.get("flags", "").split()), "no AVX")
    return f"{name} (family {facts.get('cpu family')}, model {facts.get('model')}, {widest})"


def memory_gib() -> int | None:
    """Physical memory, where the system tells."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError):
        return None


def commit() -> str:
    """The product's commit, with a mark where files differ from it."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude", "*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def release(name: str) -> str:
    """The installed version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
