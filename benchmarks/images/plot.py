"""Two figures in one: bits/dim against the time of training, and what other images score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
PUBLISHED = {"Glow, 2018": 1.05, "Residual Flow, 2019": 0.97, "DiffFlow, 2021": 0.93}
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def draw(found: dict[str, Any], path: Path) -> None:
    """The curves of all models, and for each the scores of digits, of clothes and of noise."""
    every = found["models"]
    if not every:
        return
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(9, 3.2 + 1.3 * len(every)), layout="constrained")
        upper, *lower = figure.subplots(
            1 + len(every), 1, gridspec_kw={"height_ratios": [3, *[1.1] * len(every)]}
        )
        curves(upper, every)
        for axes, (name, model), colour in zip(lower, every.items(), COLOURS, strict=False):
            histogram(axes, name, model, colour)
        lower[0].legend(loc="upper right", frameon=False)
        lower[-1].set_xlabel("bits/dim of some hundred images; fewer is likelier")
        figure.savefig(path, dpi=150)
        plt.close(figure)


def curves(axes: Any, every: dict[str, Any]) -> None:
    """Held-out bits/dim by minutes of training."""
    for (name, model), colour in zip(every.items(), COLOURS, strict=False):
        minutes, bits = zip(*((s / 60, b) for s, b in model["history"]), strict=True)
        kind = "exact" if model["bits_per_dim"]["kind"] == "exact" else "a bound"
        axes.plot(minutes, bits, "o-", ms=3, color=colour, label=f"{name} ({kind})")
    places = iter(("bottom", "center", "top"))
    for name, bits in PUBLISHED.items():
        axes.axhline(bits, color="#888888", lw=0.8, ls=":")
        axes.annotate(
            name,
            (1.0, bits),
            (4, 0),
            textcoords="offset points",
            xycoords=("axes fraction", "data"),
            va=next(places),  # they lie near one another
            size=8,
            annotation_clip=False,
        )
    axes.set(
        xlabel="minutes of training, one core",
        title="bits/dim of digits held out of the training",
        ylim=(0.85, 2.0),
    )
    axes.legend(frameon=False, loc="upper right")


def histogram(axes: Any, name: str, model: dict[str, Any], colour: str) -> None:
    """Scores of test digits, filled; of other images, as lines."""
    for other, style in zip(model["shares"].items(), ("fill", "-", ":"), strict=False):
        title, kept = other
        edges, shares = kept["edges"], kept["shares"]
        if style == "fill":
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.5, label=title)
        else:
            axes.stairs(shares, edges, color="#333333", ls=style, label=title)
    axes.set(title=name, xlim=(0, 12), yticks=[])
