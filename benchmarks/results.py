"""docs/benchmarks.json: everything measured, from which the page and the plots are made."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT

PATH = ROOT / "docs" / "benchmarks.json"


def store(results: dict[str, Any], path: Path = PATH, digits: int = 5) -> None:
    """Write it whole or not at all; after every part, so that an interrupted run keeps its own."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(rounded(results, digits), indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def load(path: Path = PATH) -> dict[str, Any]:
    """Read what `store` wrote."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def rounded(value: Any, digits: int = 5) -> Any:
    """Floats to so many digits: more is noise, and a longer diff."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {k: rounded(v, digits) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v, digits) for v in value]
    return value
