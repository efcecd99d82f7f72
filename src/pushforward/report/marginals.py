"""Column by column: the values of real rows against those of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import REAL, SAMPLED, few_ticks, picture, without_height
from pushforward.pages.words import Html, name, paragraph
from pushforward.report.measures import bin_edges, by_chance, ks_two, robust_range, shares
from pushforward.report.rows import Compared
from pushforward.tables.words import excerpt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12  # histograms


def marginals_section(columns: list[str], rows: Compared) -> Html:
    """A small histogram for each of up to twelve columns: those whose samples differ most."""
    title = "Columns: real against sampled"
    if rows.sampled is None:
        return section(title, paragraph(missing(rows), kind="soft"))
    distance = [
        None if rows.real is None else ks_two(rows.real[:, j], rows.sampled[:, j])
        for j in range(len(columns))
    ]
    chosen, left_out = choose(distance)
    told = [_card(columns[j], j, rows, distance[j]) for j in chosen]
    return section(title, paragraph(_lead(rows), left_out), grid(told))


def missing(rows: Compared) -> str:
    """Why there is nothing to show."""
    if rows.lost:
        return "No sample was finite, so none can be drawn; fit the flow again."
    return (
        "This flow is conditional: its samples need a context, so give the table as well to see "
        "this."
    )


def choose(distance: list[float | None]) -> tuple[list[int], str | None]:
    """Which columns to show (the worst twelve, in their order), and a sentence on the others.

    Example:
        >>> choose([0.1] * 13 + [0.5])[0]
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13]
    """
    if len(distance) <= MOST:
        return list(range(len(distance))), None
    worst = np.argsort([-(d or 0.0) for d in distance], kind="stable")[:MOST]
    which = f"first {MOST}" if distance[0] is None else f"{MOST} that differ most"
    more = len(distance) - MOST
    told = f"Shown are the {which}; {more:,} more {'is' if more == 1 else 'are'} not shown."
    return sorted(int(j) for j in worst), told


def _lead(rows: Compared) -> str:
    lost = f" {rows.lost:,} samples were not finite and are left out." if rows.lost else ""
    edges = "Each picture leaves out the outermost 0.5% on either side."
    assert rows.sampled is not None
    if rows.real is None:
        return (
            f"{len(rows.sampled):,} samples of the flow; give the table as well to see them beside "
            f"real rows. {edges}{lost}"
        )
    chance = by_chance(len(rows.real), len(rows.sampled))
    given = ", each given the context of a real row" if rows.context is not None else ""
    return (
        f"{rows.origin} Beside them stand as many samples of the flow{given}. Look for a line that "
        "follows the filled shape. The KS distance is the largest gap between the two cumulative "
        f"shares, from 0 (alike) to 1; a perfect flow exceeds {chance:.3f} once in twenty times. "
        f"{edges}{lost}"
    )


def _card(column: str, j: int, rows: Compared, distance: float | None) -> Html:
    assert rows.sampled is not None
    sampled, real = rows.sampled[:, j], None if rows.real is None else rows.real[:, j]
    uri = picture(lambda f: _draw(f, sampled, real), 3.1, 1.9)
    if distance is None:
        return figure(
            uri, f"Histogram of {excerpt(column)}: samples.", Html("Samples"), name(column)
        )
    alt = f"Histogram of {excerpt(column)}: real rows and samples, KS distance {distance:.3f}."
    return figure(uri, alt, Html(f"KS distance {distance:.3f}"), name(column))


def _draw(sheet: Figure, sampled: np.ndarray, real: np.ndarray | None) -> None:
    axes = sheet.subplots()
    edges = bin_edges(sampled if real is None else real, *robust_range(sampled, real))
    if real is not None:
        axes.stairs(shares(real, edges), edges, fill=True, color=REAL, alpha=0.45)
    axes.stairs(shares(sampled, edges), edges, color=SAMPLED, lw=1.7)
    axes.set_xlim(edges[0], edges[-1])
    without_height(axes)
    few_ticks(axes)
