"""Row 20: what a determinant costs, and what structure saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture import timing
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, INK, LATENT, SAMPLED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 512  # below it, the time is spent on calling, not on computing
CURVES = (  # name in the code, in words, colour, marker, exponent by theory, and its tolerance
    ("dense", "dense determinant", INK, "s", 3.0, 0.6),
    ("lu", "LU layer", DENSITY, "^", 2.0, 0.9),
    ("autoregressive", "autoregressive layer", SAMPLED, "D", 1.0, 0.5),
    ("coupling", "coupling layer", LATENT, "o", 1.0, 0.5),
)


def _measured() -> dict[str, Any]:
    from pushforward.lecture.timing import cost  # median seconds for n = 2, 4 … 4096

    t = pf.transforms
    dense = cost(lambda _: torch.linalg.slogdet)  # of one matrix (n, n)
    lu = cost(lambda n: t.LULinear(n).inverse, rows=64)  # z and log|det| of 64 rows
    autoregressive = cost(lambda n: t.Autoregressive(n, hidden=(64,)).inverse, rows=64)
    coupling = cost(lambda n: t.Coupling(n, hidden=(64,)).inverse, rows=64)
    return locals()


def _draw(sheet: Figure, r: Result) -> None:
    axes = sheet.subplots()
    sizes = timing.SIZES
    for (name, words, colour, marker, _, _), up in zip(CURVES, (4, -4, 4, -4), strict=True):
        seconds = getattr(r, name)
        slope, _ = timing.exponent(sizes, seconds, LEAST)
        axes.plot(sizes, seconds, marker=marker, ms=4, color=colour, lw=1.4)
        axes.annotate(
            f"{words}: $n^{{{slope:.1f}}}$",
            (sizes[-1], seconds[-1]),
            (7, up),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
    axes.axvspan(LEAST, sizes[-1], color=INK, alpha=0.05, lw=0)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([2, 8, 32, 128, 512, 2048], ["2", "8", "32", "128", "512", "2048"])
    axes.set(xlabel="n", ylabel="processor seconds", xlim=(1.8, 4400))


def _numbers(r: Result) -> list[Number]:
    slopes = [
        Number(
            f"{words}: exponent for n ≥ {LEAST}",
            timing.exponent(timing.SIZES, getattr(r, name), LEAST)[0],
            known,
            within,
        )
        for name, words, _, _, known, within in CURVES
    ]
    ratio = 64 * r.dense[-1] / r.coupling[-1]
    n = timing.SIZES[-1]
    return [*slopes, Number(f"n = {n}: a dense determinant a row, in couplings", ratio)]


ROWS = [
    Row(
        number=20,
        title="The cost of a determinant",
        claim=(
            "The determinant of a dense n × n matrix costs O(n³). Where the Jacobian is "
            "triangular it is the product of the diagonal, O(n): couplings and autoregressive "
            "maps are made so that it is, and an LU layer keeps its matrix factored."
        ),
        formula=(
            r"\det\left(J_{ij} = 0\ \mathrm{for}\ j > i\right) = \prod_{i=1}^{n} J_{ii},\quad "
            r"O(n)\ \mathrm{instead\ of}\ O(n^3)"
        ),
        code=_measured,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Seconds against n from 2 to 4096, both logarithmic. The dense determinant rises "
            "steepest, with n cubed, to about a second; the LU layer with n squared; the "
            "autoregressive layer and the coupling with n, to milliseconds."
        ),
        caption=(
            "Measured here, on one thread. The exponents are fitted over the grey part; further "
            "left, calling costs more than computing."
        ),
        more=(
            "The structured layers do more than a determinant: they also find the z of each of 64 "
            "rows, with a conditioner of 64 hidden units. The LU layer's log-determinant is O(n), "
            "but its triangular solve is O(n²), and a little more where the matrix outgrows the "
            "processor's caches."
        ),
        size=(5.8, 3.2),
        seconds=20,
    ),
]
