"""The campaigns by name, in the order of the page."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.process import ROOT

CAMPAIGNS: tuple[str, ...] = ("kill", "disks", "damage", "hostile")
PATH: Path = ROOT / "docs" / "reliability.json"
PAGE: Path = ROOT / "docs" / "reliability.md"


def campaign(name: str) -> ModuleType:
    """The module of a campaign, which may need a library that others do not."""
    return import_module(f"faults.campaigns.{name}")
