"""docs/density.png: what a method gains and what it costs, a panel for each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from benchmarks.density.plan import FULL, METHODS, SAME, SIZES, TRUTH
from benchmarks.density.summary import Line, best, lines
from benchmarks.plot import STYLE, plain

Results = dict[str, Any]

# Colour (Okabe and Ito's, told apart by everyone) and marker of each method.
LOOKS = {
    "Gaussian": ("#555555", "s"),
    "mixture": ("#009e73", "^"),
    "Bayesian mixture": ("#009e73", "v"),
    "kernel": ("#cc79a7", "d"),
    "vine": ("#56b4e9", "*"),
    "zuko MAF": ("#0072b2", "s"),
    "zuko NSF": ("#0072b2", "P"),
    "flowjax MAF": ("#e69f00", "s"),
    "flowjax NSF-AR": ("#e69f00", "P"),
    "flowjax NSF-C": ("#e69f00", "X"),
    SAME: ("#d55e00", "D"),
    FULL: ("#d55e00", "o"),
}
LINEAR = 1.0  # nats: a step of this size is as long as those beyond it, which are powers of ten
TICKS = (-1000, -100, -10, -1, -0.5, 0, 0.5, 1, 10)
COLUMNS = 3
SHORTEST = 0.1  # seconds; what is done sooner stands here


def panels(found: Results, path: Path) -> None:
    """Nats relative to the best peer on the same split, against seconds; seeds as faint dots."""
    shown = [name for name in SIZES if best(lines(found, name))]
    count = -(-(len(shown) + 1) // COLUMNS)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            count,
            COLUMNS,
            figsize=(10, 0.6 + 3.1 * count),
            squeeze=False,
            layout="constrained",
        )
        for axis, name in zip(axes.flat, shown, strict=False):
            _panel(axis, lines(found, name))
            rows, columns = SIZES[name]
            axis.set_title(f"{name}, {rows:,} × {columns}")
        for axis in axes.flat[len(shown) :]:
            axis.axis("off")
        seen = {r["method"] for r in found["runs"]}
        _legend(axes.flat[len(shown)], [m for m in METHODS if m in seen])
        figure.supxlabel("seconds to fit", fontsize=9)
        figure.supylabel("nats per row, relative to the best peer", fontsize=9)
        figure.savefig(path, dpi=150)
        plt.close(figure)


def _panel(axis: Any, made: list[Line]) -> None:
    """One table."""
    peer = best(made)
    assert peer is not None
    axis.axhline(0, color="#999999", linewidth=1, zorder=1)
    ends, heights = [], [-LINEAR, LINEAR / 4]
    for line in made:
        seeds = [seed for seed in line.nats if seed in peer.nats]
        gains = np.array([line.nats[s] - peer.nats[s] for s in seeds])
        seconds = np.maximum([line.seconds[s] for s in seeds], SHORTEST)
        if not seeds:
            continue
        heights += [*gains]
        if line.method == TRUTH:
            axis.axhline(gains.mean(), color="#000000", linewidth=1, linestyle="--", zorder=1)
            continue
        colour, marker = LOOKS[line.method]
        axis.scatter(seconds, gains, s=5, color=colour, alpha=0.4, linewidths=0, zorder=2)
        point = (float(np.exp(np.log(seconds).mean())), float(gains.mean()))
        axis.scatter(*point, s=46, color=colour, marker=marker, linewidths=0, zorder=3)
        if line.method in (SAME, FULL):
            ends.append(point)
    if len(ends) == 2:
        axis.plot(*zip(*ends, strict=True), color=LOOKS[FULL][0], linewidth=1, zorder=2)
    axis.set_xscale("log")
    axis.set_yscale("symlog", linthresh=LINEAR, linscale=1)
    axis.set_ylim(1.8 * min(heights), 1.5 * max(heights))
    axis.set_xlim(SHORTEST * 0.7, max(axis.get_xlim()[1], 400))
    axis.yaxis.set_major_locator(FixedLocator(TICKS))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:+g}" if v else "0"))
    axis.xaxis.set_major_locator(LogLocator(numticks=12))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(plain))
    axis.grid(color="#eeeeee")
    axis.set_axisbelow(True)


def _legend(axis: Any, methods: list[str]) -> None:
    """What the marks are."""
    marks, named = [], []
    for method in methods:
        if method == TRUTH:
            marks.append(Line2D([], [], color="#000000", linewidth=1, linestyle="--"))
        else:
            colour, marker = LOOKS[method]
            marks.append(Line2D([], [], color=colour, marker=marker, linestyle="", markersize=7))
        named.append(method)
    axis.legend(marks, named, loc="center", frameon=False, fontsize=9)
