"""Tables and numbers as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column to the left, the others to the right."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(times: dict[str, Any] | None) -> str:
    """Median and quartiles in ms: "12.3 (12.1–12.9)"."""
    if not times:
        return "–"
    middle, low, high = (significant(1e3 * times[k]) for k in ("median", "q1", "q3"))
    return f"{middle} ({low}–{high})"


def seconds(times: dict[str, Any]) -> str:
    """Median and quartiles in s."""
    middle, low, high = (significant(times[k]) for k in ("median", "q1", "q3"))
    return f"{middle} s ({low}–{high})"


def ratio(value: float | None, of: float | None) -> str:
    """value / of with two figures, a dash where one is missing."""
    return "–" if value is None or not of else f"{significant(value / of, 2)} ×"


def significant(value: float, figures: int = 3) -> str:
    """A plain decimal with so many significant figures.

    Example:
        >>> significant(1234.5), significant(0.01234), significant(12.0)
        ('1,234', '0.0123', '12.0')
    """
    if value == 0:
        return "0"
    rounded = float(f"{value:.{figures}g}")
    decimals, size = figures, abs(rounded)
    while size >= 1 and decimals > 0:
        size /= 10
        decimals -= 1
    while 0 < size < 0.1:
        size *= 10
        decimals += 1
    return f"{rounded if decimals else value:,.{decimals}f}"


def tiny(value: float | None) -> str:
    """A difference: "3e-15"."""
    return "–" if value is None else f"{value:.0e}"
