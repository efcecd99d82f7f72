"""Row 6: planar maps bend a Gaussian and a uniform base into a density of four modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pushforward as pf
from pushforward.lecture.pictures import panel, shade
from pushforward.lecture.planar_maps import COUNTS, KEYS
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import FAINT, INK, few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP = 0.13  # the density that is drawn darkest, in every panel alike
HALF = 4.6  # of the window, so that the uniform square's edges are seen
BASES = (("Gaussian", "-", "o"), ("uniform", "--", "s"))


def _bent() -> dict[str, Any]:
    from pushforward.diagnostics.divergence import kl_by_quadrature
    from pushforward.distributions.energies import energy
    from pushforward.lecture.planar_maps import KEYS, random_planar  # bases, and M = 0, 1, 2, 10

    flows, target = {key: random_planar(*key) for key in KEYS}, energy("four_modes")
    for flow in filter(len, flows.values()):  # M = 0 has nothing to fit
        pf.fit_target(flow, target, steps=1200, learning_rate=2e-2, anneal=0.3)
    kl = {key: kl_by_quadrature(flow, target).kl for key, flow in flows.items()}
    return locals()


def _strip(axes: Axes, flow: pf.Flow, note: str) -> None:
    """One small density with a word in its corner."""
    shade(axes, flow.log_prob, HALF, 110, 0.6, TOP)
    panel(axes, HALF)
    axes.set_xlabel(note, fontsize=8, labelpad=2)


def _kl(axes: Axes, r: Result) -> None:
    for base, style, marker in BASES:
        values = [r.kl[base, m] for m in COUNTS]
        axes.plot(range(len(COUNTS)), values, style, marker=marker, ms=4, color=INK, label=base)
    few_ticks(axes, y=5)
    axes.set_xticks(range(len(COUNTS)), list(map(str, COUNTS)))
    axes.set(xlabel="M", title="KL(q‖p), nats", ylim=(0, None))
    axes.legend(loc="upper right")
    axes.yaxis.grid(True, color=FAINT, alpha=0.3, lw=0.6)


def _draw(sheet: Figure, r: Result) -> None:
    from pushforward.lecture.planar_maps import random_planar

    grid = sheet.add_gridspec(4, 6)
    for i, base in enumerate(("Gaussian", "uniform")):
        for j, m in enumerate(COUNTS):
            above = sheet.add_subplot(grid[2 * i, j])
            below = sheet.add_subplot(grid[2 * i + 1, j])
            _strip(above, random_planar(base, m), "" if m else "the base")
            _strip(below, r.flows[base, m], f"KL {r.kl[base, m]:.2f}")
            if not i:
                above.set_title(f"M = {m}", loc="center")
            if not j:
                above.set_ylabel(f"{base},\nrandom", fontsize=8.5)
                below.set_ylabel(f"{base},\nfitted", fontsize=8.5)
    truth = sheet.add_subplot(grid[:2, 4:])
    shade(truth, r.target, HALF, 160, 0.6, TOP)
    panel(truth, HALF, "the target p")
    _kl(sheet.add_subplot(grid[2:, 4:]), r)


def _numbers(r: Result) -> list[Number]:
    return [Number(f"KL(q‖p), {base} base, M = {m}", r.kl[base, m]) for base, m in KEYS]


ROWS = [
    Row(
        number=6,
        title="Planar maps: 0, 1, 2 and 10 of them",
        claim=(
            "A planar map bends the plane along one line. Some of them, one after another, turn a "
            "Gaussian or a uniform square into a density of several modes. Random ones show what "
            "such maps can do; fitted ones come near a target of four modes, the nearer the more "
            "there are."
        ),
        formula=r"f(z) = z + u\,\tanh(w^T z + b),\qquad w^T u > -1",
        code=_bent,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Four rows of densities for 0, 1, 2 and 10 planar maps: from a Gaussian base, random "
            "and fitted; from a uniform base, random and fitted. With ten, the fitted ones show "
            "the four modes of the target, which is drawn at the right above a plot of the "
            "divergence: it falls with M for both bases."
        ),
        caption=(
            "Fitted by the reverse divergence KL(q‖p), from the random start drawn above it. It is "
            "computed by quadrature, with the target's normaliser, in nats: 0 would be perfect."
        ),
        more=(
            "Each u is moved along w until wᵀu > −1, which keeps every map invertible (Rezende and "
            "Mohamed 2015, appendix A.1)."
        ),
        size=(8.0, 5.6),
        form="png",
        seconds=35,
    ),
]
