"""docs/benchmarks.json: everything measured, from which the page and the plots are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT

PATH = ROOT / "docs" / "benchmarks.json"


def store(results: dict[str, Any], path: Path = PATH) -> None:
    """Write it; called after every part, so that an interrupted run keeps what it has."""
    path.write_text(json.dumps(rounded(results), indent=1) + "\n", encoding="utf-8")


def load(path: Path = PATH) -> dict[str, Any]:
    """Read what `store` wrote."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def rounded(value: Any) -> Any:
    """Floats to five digits: more is noise, and a longer diff."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value
