"""docs/mixed.md, made from docs/mixed.json."""

from __future__ import annotations

from pathlib import Path

from benchmarks.records import Records


def path(records: Records) -> Path:
    """The page lies beside the results."""
    return records.path.with_suffix(".md")


def write(records: Records) -> None:
    """Make the page and the figure."""
