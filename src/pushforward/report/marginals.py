"""Column by column: the values of real rows against those of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import REAL, SAMPLED, few_ticks, picture, without_height
from pushforward.pages.words import Html, name, paragraph, share
from pushforward.report.measures import by_chance, ks_two, shares
from pushforward.report.rows import Compared
from pushforward.report.shown import Shown, marks
from pushforward.tables.words import excerpt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12  # histograms


def marginals_section(columns: list[Shown], rows: Compared) -> Html:
    """A small histogram for each of up to twelve columns: those whose samples differ most."""
    title = "Columns: real against sampled"
    if rows.sampled is None:
        return section(title, paragraph(missing(rows), kind="soft"))
    distance = [
        None if rows.real is None else _distance(column, rows.real[:, j], rows.sampled[:, j])
        for j, column in enumerate(columns)
    ]
    chosen, left_out = choose(distance)
    told = [_card(columns[j], j, rows, distance[j]) for j in chosen]
    typed = any(column.levels for column in columns)
    return section(title, paragraph(_lead(rows, typed), left_out), grid(told))


def _distance(column: Shown, real: np.ndarray, sampled: np.ndarray) -> float:
    """KS distance, of categories the total variation; over the cells that are there."""
    a, b = real[~np.isnan(real)], sampled[~np.isnan(sampled)]
    if not len(a) or not len(b):
        return 0.0
    if not column.levels:
        return ks_two(a, b)
    own, other = (
        np.bincount(x.astype(np.int64), minlength=len(column.levels)) / len(x) for x in (a, b)
    )
    return float(np.abs(own - other).sum() / 2)


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


def _lead(rows: Compared, typed: bool) -> str:
    lost = f" {rows.lost:,} samples were not finite and are left out." if rows.lost else ""
    edges = "Each picture leaves out the outermost 0.5% on either side."
    assert rows.sampled is not None
    if rows.real is None:
        return (
            f"{len(rows.sampled):,} samples of the flow; give the table as well to see them beside "
            f"real rows. {edges}{lost}"
        )
    chance = by_chance(len(rows.real), len(rows.sampled))
    categories = "Of categories the total variation is given: the share that must change. "
    given = ", each given the context of a real row" if rows.context is not None else ""
    return (
        f"{rows.origin} Beside them stand as many samples of the flow{given}. Look for a line that "
        "follows the filled shape. The KS distance is the largest gap between the two cumulative "
        f"shares, from 0 (alike) to 1; a perfect flow exceeds {chance:.3f} once in twenty times. "
        f"{categories if typed else ''}{edges}{lost}"
    )


def _card(column: Shown, j: int, rows: Compared, distance: float | None) -> Html:
    assert rows.sampled is not None
    sampled, real = rows.sampled[:, j], None if rows.real is None else rows.real[:, j]
    if column.levels:
        kept = column.kept(sampled, real)
        bars = len(column.labels(kept))
        uri = picture(
            lambda f: _bars(f, column, kept, sampled, real), 3.1, 1.9 if bars < 8 else 2.6
        )
    else:
        uri = picture(lambda f: _draw(f, column, sampled, real), 3.1, 1.9)
    said = f"Histogram of {excerpt(column.name)}"
    if real is None or distance is None:
        return figure(uri, f"{said}: samples.", Html("Samples"), name(column.name))
    told = f"{'Total variation' if column.levels else 'KS distance'} {distance:.3f}"
    missing = float(np.isnan(real).mean())
    gaps = f"; {share(missing)} of real cells are missing" if missing else ""
    alt = (
        f"{said}: real rows and samples, {told[0].lower() if column.levels else told[0]}{told[1:]}."
    )
    return figure(uri, alt, Html(f"{told}{gaps}"), name(column.name))


def _bars(
    sheet: Figure, column: Shown, kept: list[int], sampled: np.ndarray, real: np.ndarray | None
) -> None:
    """A bar for each category, real ones filled and samples' outlined."""
    axes, labels = sheet.subplots(), column.labels(kept)
    edges = np.arange(len(labels) + 1) - 0.5

    def parts(x: np.ndarray) -> np.ndarray:
        return shares(column.places(x[~np.isnan(x)], kept), edges)

    if real is not None:
        axes.barh(np.arange(len(labels)), parts(real), 0.8, color=REAL, alpha=0.45)
    for k, value in enumerate(parts(sampled)):
        axes.stairs(
            [value], [k - 0.4, k + 0.4], orientation="horizontal", color=SAMPLED, lw=1.7, baseline=0
        )
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlim=(0, None))
    few_ticks(axes, 4)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_yticks(np.arange(len(labels)), labels)
    axes.tick_params(axis="y", length=0, labelsize=7.5 if len(labels) > 8 else 8.5)


def _draw(sheet: Figure, column: Shown, sampled: np.ndarray, real: np.ndarray | None) -> None:
    axes = sheet.subplots()
    edges = column.edges(*((sampled,) if real is None else (real, sampled)))
    if real is not None:
        filled = shares(column.values(real), edges)
        axes.stairs(filled, edges, fill=True, color=REAL, alpha=0.45)
    axes.stairs(shares(column.values(sampled), edges), edges, color=SAMPLED, lw=1.7)
    axes.set_xlim(edges[0], edges[-1])
    without_height(axes)
    marks(axes, column)
