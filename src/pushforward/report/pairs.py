"""Two columns at a time: how dense real rows are, and how dense samples are, side by side."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import REAL, SAMPLED, picture, shades
from pushforward.pages.words import Html, name, number, paragraph
from pushforward.report.measures import (
    MOST_WHOLE,
    associations,
    most_related,
    rank_correlation,
    robust_range,
)
from pushforward.report.rows import Compared
from pushforward.report.shown import Shown, marks
from pushforward.tables.words import excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 5
LEAST_ROWS = 50  # with fewer, a picture would show the rows themselves
BINS = 30  # of a number beside a category
Pair = tuple[Shown, Shown]
Panel = tuple[str, str, np.ndarray]  # what it shows, in which colour, and the points (n, 2)


def pairs_section(columns: list[Shown], rows: Compared) -> Html | None:
    """Every pair among up to five columns; None where there are no pairs or no samples."""
    if len(columns) < 2 or rows.sampled is None:
        return None
    reference = rows.sampled if rows.real is None else rows.real
    if len(reference) < LEAST_ROWS:
        told = f"With fewer than {LEAST_ROWS} rows there is no density to draw, only single rows."
        return section("Pairs of columns", paragraph(told, kind="soft"))
    typed = bool(np.isnan(reference).any()) or any(c.form != "number" for c in columns)
    codes = np.array([bool(c.levels) for c in columns])
    related = associations(reference, codes) if typed else None
    chosen = most_related(reference, MOST_COLUMNS, related)
    more = len(columns) - len(chosen)
    pairs = list(combinations(chosen, 2))
    return section(
        "Pairs of columns",
        paragraph(
            "Darker is denser, on one scale for both sides. Look for edges, bends and gaps on the "
            "left that are missing on the right."
            if rows.real is not None
            else "Samples of the flow; darker is denser.",
            "A rank correlation is that of two numbers; beside a category, Cramér's V is given, "
            "from 0 (independent) to 1, numbers cut into eighths. Rows where either cell "
            "is missing are left out."
            if typed
            else None,
            f"Shown are the {len(chosen)} columns most related to each other (by "
            f"{'such a V' if typed else 'rank correlation'}); {more:,} more "
            f"{'is' if more == 1 else 'are'} not shown."
            if more
            else None,
        ),
        grid([_card(columns, i, j, rows) for i, j in pairs], wide=rows.real is not None),
    )


def _card(columns: list[Shown], i: int, j: int, rows: Compared) -> Html:
    """One pair: the first column across, the second upwards; a category upwards where there is one.

    Its names have more room there.
    """
    assert rows.sampled is not None
    if columns[i].levels and not columns[j].levels:
        i, j = j, i
    panels: list[Panel] = [("sampled", SAMPLED, _both(rows.sampled, i, j))]
    if rows.real is not None:
        panels.insert(0, ("real", REAL, _both(rows.real, i, j)))
    pair = columns[i], columns[j]
    codes = np.array([bool(one.levels) for one in pair])
    kind = "Cramér's V" if codes.any() else "Rank correlation"
    related = [
        float((associations(p[2], codes) if codes.any() else rank_correlation(p[2]))[0, 1])
        for p in panels
    ]
    sides = ", ".join(f"{p[0]} {number(v, 2)}" for p, v in zip(panels, related, strict=True))
    across, upward = (excerpt(one.name) for one in pair)
    meshed = any(one.levels for one in pair) or _coarse(pair, panels)
    wide, high = 4.2 if len(panels) > 1 else 2.9, 2.9 if codes.all() else 2.3
    draw = _draw_mesh if meshed else _draw
    return figure(
        picture(lambda f: draw(f, panels, pair), wide, high, "png"),
        f"Density of {upward} against {across}; {kind}: {sides}.",
        Html(f"{kind}: {sides}."),
        Html(f"{name(pair[1].name)} (up) against {name(pair[0].name)} (across)"),
    )


def _both(x: np.ndarray, i: int, j: int) -> np.ndarray:
    """The two columns in the rows that have both, (m, 2)."""
    two = x[:, [i, j]]
    return two[~np.isnan(two).any(1)]


def _coarse(pair: Pair, panels: list[Panel]) -> bool:
    """Has either column so few cells that they are seen as such?"""
    points = panels[0][2]
    return any(
        one.whole and len(np.unique(points[:, k])) <= MOST_WHOLE for k, one in enumerate(pair)
    )


def _draw_mesh(sheet: Figure, panels: list[Panel], pair: Pair) -> None:
    """The share of rows in each cell of a grid: categories, whole numbers, or bins."""
    from matplotlib.colors import PowerNorm

    sides = []
    for k, one in enumerate(pair):
        each = [points[:, k] for _, _, points in panels]
        kept = one.kept(*each) if one.levels else []
        labels = one.labels(kept) if one.levels else []
        edges = np.arange(len(labels) + 1) - 0.5 if labels else one.edges(*each, most=BINS)
        sides.append((one, kept, labels, edges))
    row = sheet.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    shares = []
    for _, _, points in panels:
        placed = [
            one.places(points[:, k], kept) if labels else one.values(points[:, k])
            for k, (one, kept, labels, _) in enumerate(sides)
        ]
        counts = np.histogram2d(placed[0], placed[1], bins=[sides[0][3], sides[1][3]])[0]
        shares.append(counts.T / max(len(points), 1))
    densest = max(float(s.max()) for s in shares)
    for axes, (title, colour, _), part in zip(row, panels, shares, strict=True):
        norm = PowerNorm(0.5, 0, densest or 1.0)
        axes.pcolormesh(sides[0][3], sides[1][3], part, cmap=shades(colour), norm=norm)
        axes.set_title(title, color=colour, fontweight="bold")
        marks(axes, pair[0], pair[1], 3, 4)
        for k, (_, _, labels, _) in enumerate(sides):
            if not labels:
                continue
            small = 7.0 if len(labels) > 6 else 8.0
            if k:
                axes.set_yticks(np.arange(len(labels)), labels, fontsize=small)
                axes.set_ylim(len(labels) - 0.5, -0.5)
            else:
                axes.set_xticks(np.arange(len(labels)), labels, fontsize=small, rotation=90)


def _draw(sheet: Figure, panels: list[Panel], pair: Pair) -> None:
    panels = [
        (title, colour, np.stack([one.values(points[:, k]) for k, one in enumerate(pair)], 1))
        for title, colour, points in panels
    ]
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
        marks(axes, pair[0], pair[1], 4, 4)


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
