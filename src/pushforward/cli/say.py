"""Speaking to a person: notes on standard error, results on standard output, never markup."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from pushforward.text import visible


def note(text: str) -> None:
    """A line beside the work, on standard error."""
    print(visible(text), file=sys.stderr)  # noqa: T201


def fault(text: str) -> None:
    """The one line that says what went wrong, on standard error."""
    note(f"pushforward: {text}")


def result(text: str) -> None:
    """A line that is the work's result, on standard output."""
    print(visible(text))  # noqa: T201


def figures(held_out: dict[str, Any]) -> None:
    """The held-out figures of a model beside its baselines', where there are any."""
    if not held_out:
        return
    headers = ("model", "NLL", "± error", "NLL, standardized columns")
    rows = [(m["name"], m["nll"], m["error"], m["standardized"]) for m in held_out["models"]]
    table(headers, rows, f"NLL in nats per row on {held_out['rows']} held-out rows; less is better")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A small table on standard output; columns that hold numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(title) if title else None, title_justify="left")
    for j, header in enumerate(headers):
        numbers = all(isinstance(row[j], int | float) for row in rows)
        drawn.add_column(Text(header), justify="right" if numbers else "left", no_wrap=j == 0)
    for row in rows:
        cells = (f"{v:.4f}" if isinstance(v, float) else visible(v) for v in row)
        drawn.add_row(*(Text(cell) for cell in cells))
    Console(highlight=False).print(drawn)
