"""How log densities are spread over held-out rows, and what rarity that makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pushforward.pages.page import figure, grid, section, table
from pushforward.pages.theme import DENSITY, INK, REAL, few_ticks, picture, without_height
from pushforward.pages.words import Html, joined, number, paragraph, plural, share
from pushforward.report.measures import OUTERMOST, bin_edges, shares
from pushforward.report.rows import Compared
from pushforward.tables.model import TableModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKED = (0.01, 0.1, 0.5, 0.9)  # rarities along the top of the picture
LISTED = (0.001, 0.01, 0.05, 0.25, 0.5)  # and in the table beside it
RARE = 0.01


def density_section(model: TableModel, rows: Compared) -> Html:
    """The distribution of log density; rows themselves are never shown."""
    title = "Log density and rarity"
    known = model.heldout.double().numpy()
    finite = known[np.isfinite(known)]
    if not len(finite):
        told = "The model holds no held-out log densities."
        return section(title, paragraph(told, kind="soft"))
    scored = model.log_prob(rows.real, rows.context) if rows.new and rows.real is not None else None
    aside = "held-out" if model.training.get("heldout_rows") else "training"
    outside = len(known) - len(finite)
    return section(
        title,
        paragraph(
            f"The log density of {plural(len(known), f'{aside} row')}, in nats. The rarity of a "
            f"row is the share of {aside} rows that are less likely: 0 is the rarest.",
            f"{plural(outside, 'row')} had no density at all." if outside else None,
            None if scored is None else _on_new_rows(model, scored),
        ),
        grid([_spread(finite, scored, aside), _thresholds(known)], wide=True),
    )


def _on_new_rows(model: TableModel, scored: np.ndarray) -> str:
    """Whether a new table looks like the one that was fitted."""
    rare = float((model.rarity(scored) < RARE).mean())
    finite = scored[np.isfinite(scored)]
    mean = float(finite.mean()) if len(finite) else -np.inf
    return (
        f"Of the {plural(len(scored), 'row')} shown of the new table, {share(rare)} are rarer than "
        "1% (about 1% would be, were they like the fitted ones), and their mean log density is "
        f"{number(mean, 2)} nats."
    )


def _spread(finite: np.ndarray, scored: np.ndarray | None, aside: str) -> Html:
    return figure(
        picture(lambda f: _draw(f, finite, scored, aside), 4.1, 2.8),
        f"Histogram of the log density of {aside} rows, with marks of rarity along the top.",
        Html(
            "Look for a long tail on the left: rows there are worth a look of your own. The "
            "outermost 0.5% are left out."
        ),
    )


def _thresholds(known: np.ndarray) -> Html:
    """Which log density makes a row how rare."""
    enough = [level for level in LISTED if level * len(known) >= 1]
    rows = joined(
        Html(f"<tr><td>{level:g}</td><td>{number(float(np.quantile(known, level)), 2)}</td></tr>")
        for level in enough
    )
    told = paragraph("To be as rare as this, a row has a log density below:")
    return Html(f"<div>{told}{table(['rarity', 'log density (nats)'], rows)}</div>")


def _draw(sheet: Figure, known: np.ndarray, scored: np.ndarray | None, aside: str) -> None:
    axes = sheet.subplots()
    low, high = _frame(known, scored)
    edges = np.linspace(low, high, len(bin_edges(known, low, high)))
    axes.stairs(
        shares(known, edges), edges, fill=True, color=DENSITY, alpha=0.6, label=f"{aside} rows"
    )
    if scored is not None:
        axes.stairs(shares(scored, edges), edges, color=REAL, lw=1.7, label="new table")
        axes.legend(loc="upper left")
    axes.set(xlim=(low, high), xlabel="log density (nats)")
    without_height(axes)
    few_ticks(axes, 6)
    _rarity_scale(axes, known, low, high)


def _frame(known: np.ndarray, scored: np.ndarray | None) -> tuple[float, float]:
    """Where the held-out rows lie, and some way down where a new table goes further."""
    low, high = (float(v) for v in np.quantile(known, [OUTERMOST, 1.0]))
    width = high - low or 1.0
    if scored is not None:
        further = float(np.quantile(np.nan_to_num(scored, neginf=-1e300), 0.05))
        low, high = min(low, max(further, low - width)), max(high, float(scored.max()))
    return low - 0.04 * width, high + 0.04 * width


def _rarity_scale(axes: Axes, known: np.ndarray, low: float, high: float) -> None:
    """Rarity along the top: where 1%, 10%, … of the rows are less likely."""
    top = axes.secondary_xaxis("top")
    places: list[float] = []
    labels: list[str] = []
    for level in MARKED:
        place = float(np.quantile(known, level))
        if not places or place - places[-1] > 0.06 * (high - low):
            places.append(place)
            labels.append(f"{level:g}")
            axes.axvline(place, color=INK, lw=0.7, ls=":")
    top.set_xticks(places, labels)
    top.set_xlabel("rarity: the share of rows that are less likely")
    top.spines["top"].set_visible(False)
