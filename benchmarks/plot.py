"""The two figures of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.compare import faults, floor, median
from benchmarks.work import FLOOR, MODELS, QUANTITIES

Results = dict[str, Any]

# Colour (Okabe and Ito's, told apart by everyone) and marker of each entry.
LOOKS = {
    "pushforward": ("#d55e00", "o"),
    "pushforward compiled": ("#d55e00", "D"),
    "zuko": ("#0072b2", "s"),
    "zuko compiled": ("#0072b2", "P"),
    "nflows": ("#009e73", "^"),
    "normflows": ("#cc79a7", "v"),
    "freia": ("#56b4e9", "X"),
    "flowjax": ("#e69f00", "*"),
    FLOOR: ("#555555", "|"),
}
SHOWN = "nsf-ar"  # the model whose growth is drawn
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def label(name: str) -> str:
    """What the legend calls an entry."""
    return "GEMM floor" if name == FLOOR else name


def plain(value: float, _: int) -> str:
    """Tick labels without powers of ten."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def times(found: Results, path: Path) -> None:
    """Each entry as a multiple of the floor: a panel for each D and quantity, a row each model."""
    sizes = sorted({t["case"]["features"] for t in found["tables"]})
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(sizes),
            len(QUANTITIES),
            figsize=(10, 0.9 + 2.3 * len(sizes)),
            sharey="row",
            sharex="col",
            squeeze=False,
            layout="constrained",
        )
        handles: dict[str, Any] = {}
        for line, size in zip(axes, sizes, strict=True):
            here = [t for t in found["tables"] if t["case"]["features"] == size]
            models = [m for m in MODELS if any(t["case"]["model"] == m for t in here)]
            names = [MODELS[m].replace(", ", ",\n") for m in models]
            for axis, (quantity, title) in zip(line, QUANTITIES.items(), strict=True):
                for measured in here:
                    place = models.index(measured["case"]["model"])
                    handles |= _dots(axis, measured, quantity, place)
                axis.set(xscale="log", title=f"{title}, D = {size}")
                axis.xaxis.set_major_formatter(FuncFormatter(plain))
                axis.xaxis.set_minor_locator(NullLocator())
                axis.set_yticks(range(len(models)), names)
                axis.set_ylim(len(models) - 0.5, -0.5)
                axis.axvline(1, color=LOOKS[FLOOR][0], linewidth=1)
                axis.grid(axis="y", color="#eeeeee")
                axis.set_axisbelow(True)
        figure.supxlabel("times the GEMM floor (the grey line)", fontsize=9)
        ordered = [n for n in LOOKS if n in handles]
        figure.legend(
            [handles[n] for n in ordered],
            [label(n) for n in ordered],
            loc="outside upper center",
            ncols=4,
            frameon=False,
        )
        figure.savefig(path, dpi=150)
        plt.close(figure)


def _dots(axis: Any, measured: Results, quantity: str, place: int) -> dict[str, Any]:
    """The entries of one case in one panel, those that count."""
    bottom = floor(measured, quantity)
    handles: dict[str, Any] = {}
    if not bottom:
        return handles
    rows = [r for r in measured["rows"] if r["name"] != FLOOR and not faults(r)]
    for i, row in enumerate(rows):
        seconds = median(row, quantity)
        if seconds is None:
            continue
        colour, marker = LOOKS[row["name"]]
        offset = 0.6 * (i / max(len(rows) - 1, 1) - 0.5)  # none hides another
        handles[row["name"]] = axis.scatter(
            seconds / bottom, place + offset, color=colour, marker=marker, s=28, linewidths=0
        )
    return handles


def growth(grown: list[Results], path: Path) -> None:
    """Time over D, layers and batch (columns) for each quantity (rows), both axes logarithmic."""
    shown = [part for part in grown if part["model"] == SHOWN] or grown[:1]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(QUANTITIES),
            len(shown),
            figsize=(1.5 + 2.9 * len(shown), 7.5),
            sharex="col",
            sharey="row",
            squeeze=False,
            layout="constrained",
        )
        handles: dict[str, Any] = {}
        for line, (quantity, title) in zip(axes, QUANTITIES.items(), strict=True):
            for axis, part in zip(line, shown, strict=True):
                handles |= _lines(axis, part, quantity)
                axis.set(xscale="log", yscale="log")
                values = sorted(
                    {p["value"] for li in part["lines"].values() for q in li.values() for p in q}
                )
                every = 2 if len(values) > 6 else 1
                axis.xaxis.set_major_locator(FixedLocator(values[::-every]))
                axis.xaxis.set_minor_locator(NullLocator())
                axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f}"))
                axis.yaxis.set_major_formatter(FuncFormatter(plain))
                axis.grid(color="#eeeeee")
                axis.set_axisbelow(True)
            line[0].set_ylabel(f"{title}, ms")
        for axis, part in zip(axes[-1], shown, strict=True):
            axis.set_xlabel(part["axis"])
        figure.legend(
            list(handles.values()),
            [label(n) for n in handles],
            loc="outside upper center",
            ncols=len(handles),
            frameon=False,
            title=MODELS[shown[0]["model"]],
        )
        figure.savefig(path, dpi=150)
        plt.close(figure)


def _lines(axis: Any, part: Results, quantity: str) -> dict[str, Any]:
    """One line for each entry."""
    handles = {}
    for name, line in part["lines"].items():
        points = line[quantity]
        if not points:
            continue
        colour, marker = LOOKS[name]
        dashed = "--" if name == FLOOR else "-"
        (handles[name],) = axis.plot(
            [p["value"] for p in points],
            [1e3 * p["median"] for p in points],
            dashed,
            color=colour,
            marker="." if name == FLOOR else marker,
            markersize=4.5,
            linewidth=1.4,
        )
    return handles
