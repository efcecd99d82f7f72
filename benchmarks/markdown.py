"""Tables and numbers as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
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


def over_seeds(values: Sequence[float], digits: int) -> str:
    """Their mean, and ± their standard deviation where there are two; a dash for none.

    Example:
        >>> over_seeds([1.0, 2.0], 2), over_seeds([1.0], 2), over_seeds([], 2)
        ('1.50 ± 0.71', '1.00', '–')
    """
    if not values:
        return "–"
    return f"{mean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if values[1:] else "")


def heading(found: dict[str, Any], target: str) -> str:
    """The machines, the versions, and which target of make measures what is missing."""
    said = []
    for machine in found["machines"]:
        versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
        threads = "1 thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
        said.append(
            f"{machine['cpu']}, {machine['cores']} cores of which a run has {threads}, "
            f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}; "
            f"{versions}."
        )
    dates = sorted({r["date"] for r in found["runs"]})
    when = " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else "never"
    return "\n\n".join(
        [f"Measured {when}. `make {target}` measures what is missing and writes this page.", *said]
    )
