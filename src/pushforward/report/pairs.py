"""Two columns at a time: how dense real rows are, and how dense samples are, side by side."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import REAL, SAMPLED, few_ticks, picture, shades
from pushforward.pages.words import Html, name, number, paragraph
from pushforward.report.measures import most_related, rank_correlation, robust_range
from pushforward.report.rows import Compared
from pushforward.tables.words import excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 5
LEAST_ROWS = 50  # with fewer, a picture would show the rows themselves
Panel = tuple[str, str, np.ndarray]  # what it shows, in which colour, and the points (n, 2)


def pairs_section(columns: list[str], rows: Compared) -> Html | None:
    """Every pair among up to five columns; None where there are no pairs or no samples."""
    if len(columns) < 2 or rows.sampled is None:
        return None
    reference = rows.sampled if rows.real is None else rows.real
    if len(reference) < LEAST_ROWS:
        told = f"With fewer than {LEAST_ROWS} rows there is no density to draw, only single rows."
        return section("Pairs of columns", paragraph(told, kind="soft"))
    chosen = most_related(reference, MOST_COLUMNS)
    more = len(columns) - len(chosen)
    pairs = list(combinations(chosen, 2))
    return section(
        "Pairs of columns",
        paragraph(
            "Darker is denser, on one scale for both sides. Look for edges, bends and gaps on the "
            "left that are missing on the right."
            if rows.real is not None
            else "Samples of the flow; darker is denser.",
            f"Shown are the {len(chosen)} columns most related to each other (by rank "
            f"correlation); {more:,} more {'is' if more == 1 else 'are'} not shown."
            if more
            else None,
        ),
        grid([_card(columns, i, j, rows) for i, j in pairs], wide=rows.real is not None),
    )


def _card(columns: list[str], i: int, j: int, rows: Compared) -> Html:
    """One pair: the first column across, the second upwards."""
    assert rows.sampled is not None
    panels: list[Panel] = [("sampled", SAMPLED, rows.sampled[:, [i, j]])]
    if rows.real is not None:
        panels.insert(0, ("real", REAL, rows.real[:, [i, j]]))
    related = [(p[0], number(float(rank_correlation(p[2])[0, 1]), 2)) for p in panels]
    sides = ", ".join(f"{side} {value}" for side, value in related)
    across, upward = excerpt(columns[i]), excerpt(columns[j])
    return figure(
        picture(lambda f: _draw(f, panels), 4.2 if len(panels) > 1 else 2.9, 2.3, "png"),
        f"Density of {upward} against {across}; rank correlation: {sides}.",
        Html(f"Rank correlation: {sides}."),
        Html(f"{name(columns[j])} (up) against {name(columns[i])} (across)"),
    )


def _draw(sheet: Figure, panels: list[Panel]) -> None:
    across = robust_range(*(points[:, 0] for _, _, points in panels))
    upward = robust_range(*(points[:, 1] for _, _, points in panels))
    row = sheet.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    clouds = [
        _cloud(axes, points, colour, across, upward)
        for axes, (_, colour, points) in zip(row, panels, strict=True)
    ]
    densest = max(clouds)
    for axes, (title, colour, _) in zip(row, panels, strict=True):
        axes.collections[0].set_clim(0, densest)
        axes.set_title(title, color=colour, fontweight="bold")
        few_ticks(axes, 4, 4)


def _cloud(
    axes: Axes,
    points: np.ndarray,
    colour: str,
    across: tuple[float, float],
    upward: tuple[float, float],
) -> float:
    """Draw the share of points in each hexagon, and give the largest share."""
    from matplotlib.colors import PowerNorm

    size = int(np.clip(len(points) ** 0.38, 8, 40))
    drawn = axes.hexbin(
        points[:, 0],
        points[:, 1],
        C=np.full(len(points), 1 / len(points)),
        reduce_C_function=np.sum,
        gridsize=size,
        extent=(*across, *upward),
        cmap=shades(colour),
        norm=PowerNorm(0.5),
        linewidths=0.1,
    )
    axes.set(xlim=across, ylim=upward)
    return float(np.asarray(drawn.get_array()).max())
