"""How the fit went: the NLL and its two terms against time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, few_ticks, picture
from pushforward.pages.words import Html, number, paragraph, plural, text
from pushforward.report.history import Curves, read_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS = 25  # with fewer epochs than this, each is marked


def training_section(history: list[dict[str, Any]]) -> Html:
    """NLL against time, and beside it the two terms, where there are two."""
    title, curves = "How the fit went", read_curves(history)
    if curves is None:
        return section(title, paragraph("No history was kept.", kind="soft"))
    told = (
        "The training curve is measured while the weights move; the validation curve at each "
        "epoch's end, with averaged weights, so it may well lie below. Its rows were set aside to "
        "choose when to stop."
        if curves.judged
        else "Measured on the training rows: none were set aside for validation."
    )
    if len(curves.kept) > 1:
        told += " Each flow was judged by another fold, in standardized columns."
    figures = [_nll_figure(curves)]
    if np.any(np.nan_to_num(curves.train[:, 2])):  # typed columns are scored without latents
        figures.append(_terms_figure(curves))
    return section(title, paragraph(told, _undone(history)), grid(figures, wide=True))


def _nll_figure(curves: Curves) -> Html:
    gap = ", and for a gap to training that stays small" if curves.judged else ""
    values = [number(v, 3) for v in _kept_nll(curves)]
    if len(values) > 1:
        told = f"NLL of {len(values)} flows trained in turn; each keeps the weights of its ring."
    else:
        epoch = curves.epochs[curves.kept[0]]
        told = (
            f"NLL against time; the weights kept are epoch {epoch}'s, at {values[0]} nats per row."
        )
    return figure(
        picture(lambda f: _draw_nll(f, curves), 4.1, 3.1),
        f"Curves of NLL against {curves.unit}; the weights kept have {', '.join(values)} nats "
        "per row.",
        Html(f"{told} Look for a curve that has levelled off{gap}."),
        Html("NLL (nats per row)"),
    )


def _kept_nll(curves: Curves) -> list[float]:
    """Of the weights kept, by what judged them."""
    judges = curves.validation if curves.judged else curves.train
    return [float(value) for value in judges[curves.kept, 0]]


def _terms_figure(curves: Curves) -> Html:
    return figure(
        picture(lambda f: _draw_terms(f, curves), 4.1, 3.1),
        "The two terms of the NLL against time, on scales of equal span.",
        Html(
            "The two terms that add up to the NLL, a nat equally tall in both. Look for the trade: "
            "what the log-det term gains by concentrating density, the base term pays where "
            "latents land far out."
        ),
        Html("Its two terms (nats per row)"),
    )


def _undone(history: list[dict[str, Any]]) -> str | None:
    layers = [str(e.get("layer", "")) for e in history if "event" in e]
    if not layers:
        return None
    return (
        f"{plural(len(layers), 'step')} turned out non-finite and "
        f"{'was' if len(layers) == 1 else 'were'} undone (crosses below), the last at "
        f"{text(layers[-1])}; training went on with half the rate each time."
    )


def _draw_nll(sheet: Figure, curves: Curves) -> None:
    axes = sheet.subplots()
    _lines(axes, curves, 0, DENSITY)
    alone = len(curves.kept) == 1
    label = f"kept: epoch {curves.epochs[curves.kept[0]]}" if alone else "kept"
    where = curves.time[curves.kept]
    axes.plot(
        where, _kept_nll(curves), "o", ms=8, mfc="none", mec=INK, mew=1.3, label=label, zorder=4
    )
    if len(curves.undone):
        bottom = np.full(len(curves.undone), 0.03)
        low = axes.get_xaxis_transform()
        axes.plot(curves.undone, bottom, "x", c=INK, ms=6, transform=low, label="undone")
    _frame(axes, *_limits(curves, 0))
    axes.set(xlabel=f"time ({curves.unit})")
    # Above the axes: inside them it would cover some curve or other.
    sheet.legend(loc="outside upper left", ncols=4, columnspacing=0.9, handlelength=1.4)


def _draw_terms(sheet: Figure, curves: Curves) -> None:
    limits = [_limits(curves, k) for k in (1, 2)]
    span = max(high - low for low, high in limits)
    above, below = sheet.subplots(2, 1, sharex=True)
    titles = ("base term  −E log p(z), z = f⁻¹(x)", "log-det term  −E log|det ∂z/∂x|")
    for k, (axes, colour) in enumerate(((above, LATENT), (below, INK))):
        _lines(axes, curves, k + 1, colour)
        middle = sum(limits[k]) / 2
        _frame(axes, middle - span / 2, middle + span / 2)
        axes.set_title(titles[k])
    below.set_xlabel(f"time ({curves.unit})")


def _lines(axes: Axes, curves: Curves, term: int, colour: str) -> None:
    """The training curve thin and broken, the validation curve over it."""
    dot = "o" if len(curves.time) < DOTS else None
    train = {"color": FAINT, "ls": "--", "lw": 1.2} if curves.judged else {"color": colour}
    axes.plot(curves.time, curves.train[:, term], marker=dot, ms=3, label="training", **train)
    if curves.judged:
        judged = curves.validation[:, term]
        axes.plot(curves.time, judged, color=colour, marker=dot, ms=3, lw=2, label="validation")


def _limits(curves: Curves, term: int) -> tuple[float, float]:
    """The range of a term; the first tenth is cut off where it would flatten all that follows."""
    values = np.concatenate([curves.train[:, [term]], curves.validation[:, [term]]], axis=1)
    values = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(values).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    later = values[-(-len(values) // 10) :]
    if len(later) > 1 and np.isfinite(later).any():
        settled = float(np.nanmax(later))
        if high - low > 3 * (settled - low) > 0:
            high = settled + 0.5 * (settled - low)
    return low, max(high, low + 1e-6 * max(1.0, abs(low)))


def _frame(axes: Axes, low: float, high: float) -> None:
    margin = 0.08 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(left=0)
    few_ticks(axes, 6, 4)
