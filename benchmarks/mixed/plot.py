"""docs/mixed.png: quality, utility and log probability of every method, a row for each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from benchmarks.mixed.plan import PRODUCT, REAL, SIZES
from benchmarks.mixed.summary import Line, Results, lines
from benchmarks.plot import STYLE

PANELS = {
    "quality": "quality (sdmetrics)",
    "utility": "utility of synthetic rows",
    "median_nats": "median log probability, nats",
}
PEER, OURS, REACH, GREY = "#0072b2", "#d55e00", "#999999", "#666666"


def panels(found: Results, path: Path) -> None:
    """A dot for each method; a grey line for the real rows."""
    shown = [name for name in SIZES if any(line.runs for line in lines(found, name))]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(shown),
            len(PANELS),
            figsize=(9, 0.5 + 1.9 * len(shown)),
            squeeze=False,
            sharey="row",
            layout="constrained",
        )
        for row, name in zip(axes, shown, strict=True):
            made = lines(found, name)
            for axis, (key, title) in zip(row, PANELS.items(), strict=True):
                _panel(axis, made, key)
                axis.set_title(f"{name}: {title}", fontsize=9)
        figure.savefig(path, dpi=150)
        plt.close(figure)


def _panel(axis: Any, made: list[Line], key: str) -> None:
    """One measure on one table."""
    methods = [line for line in made if line.method != REAL]
    for place, line in enumerate(methods):
        value = line.mean(key)
        if value is None:
            said = _missing(line, key)
            corner = ("axes fraction", "data")
            axis.annotate(said, (0.03, place), va="center", fontsize=7, color=GREY, xycoords=corner)
            continue
        colour = OURS if line.method == PRODUCT else PEER
        spread = line.mean(f"{key}_spread") or 0.0
        axis.plot([value - spread, value + spread], [place, place], color=colour, linewidth=1.5)
        axis.scatter(value, place, s=36, color=colour, linewidths=0, zorder=3)
        axis.annotate(
            f"{value:.3g}",
            (value, place),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    for line in made:
        reach = line.mean(key)
        if line.method == REAL and reach is not None:
            axis.axvline(reach, color=REACH, linewidth=1, linestyle="--", zorder=1)
            axis.annotate(
                REAL,
                (reach, 1),
                (-3, 0),
                textcoords="offset points",
                ha="right",
                va="top",
                rotation=90,
                fontsize=7,
                color=GREY,
                xycoords=("data", "axes fraction"),
            )
    axis.set_yticks(range(len(methods)), [line.method for line in methods])
    axis.set_ylim(len(methods) - 0.5, -0.7)
    axis.margins(x=0.15)
    axis.grid(axis="y", color="#eeeeee")
    axis.set_axisbelow(True)


def _missing(line: Line, key: str) -> str:
    """Why there is no dot."""
    if not line.runs:
        return "not done in an hour" if line.remarks else "not measured"
    if key != "median_nats":
        return "not measured"
    return "0 for most rows" if line.impossible else "no density"
