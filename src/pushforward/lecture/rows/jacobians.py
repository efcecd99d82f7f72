"""Row 18: the log-determinant of every transform, beside automatic differentiation's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 1e-17  # where a difference of zero is drawn on a logarithmic axis


def _every_transform() -> dict[str, Any]:
    from pushforward.transforms.registry import ENTRIES, perturb

    gaps, dice = {}, torch.Generator().manual_seed(0)
    for entry in ENTRIES:
        perturb(f := entry.lifted(4).double(), dice)
        x = entry.draw_x(8, 4, generator=dice).double()
        rows = torch.autograd.functional.jacobian(lambda v, f=f: f.inverse(v)[0].sum(0), x)
        gaps[entry.name] = (f.inverse(x)[1] - rows.movedim(1, 0).slogdet()[1]).abs().max().item()
    return locals()


def _draw(sheet: Figure, r: Result) -> None:
    axes = sheet.subplots()
    names = [name.replace("RationalQuadraticSpline", "spline") for name in r.gaps]
    values = [max(v, LEAST) for v in r.gaps.values()]
    places = range(len(names))
    axes.hlines(places, LEAST / 3, values, color=FAINT, lw=0.7)
    axes.plot(values, places, "o", color=INK, ms=4)
    axes.axvline(1e-8, color=FAINT, lw=1, ls="--")
    axes.annotate("the tests' bar", (1e-8, -0.6), (-3, 0), textcoords="offset points", ha="right")
    axes.set_yticks(places, names, fontsize=7)
    axes.set(xscale="log", xlim=(LEAST / 3, 1e-7), ylim=(len(names) - 0.3, -1.4))
    powers = (15, 13, 11, 9)
    axes.set_xticks(
        [LEAST, *(10.0**-k for k in powers)], ["0", *(f"$10^{{-{k}}}$" for k in powers)]
    )
    axes.set_xlabel("largest difference of log|det|, nats")
    axes.tick_params(axis="y", length=0)


def _numbers(r: Result) -> list[Number]:
    name = max(r.gaps, key=lambda k: r.gaps[k])
    return [
        Number("ways to make a transform", float(len(r.gaps))),
        Number(f"largest difference of all, {name}", r.gaps[name], 0.0, 1e-8),
    ]


ROWS = [
    Row(
        number=18,
        title="Change of variable in n dimensions",
        claim=(
            "The density of X is that of Z at f⁻¹(x), times the factor by which f⁻¹ scales volume "
            "there. Every transform of the library returns that factor's logarithm with its "
            "value, from a formula of its own; here each is held against the determinant of the "
            "Jacobian found by automatic differentiation, in four dimensions and with random "
            "parameters."
        ),
        formula=r"P_X(x) = P_Z\left(f^{-1}(x)\right)\,\left|\det J_{f^{-1}}(x)\right|",
        code=_every_transform,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "For each of the transforms a dot at the largest difference between its own log "
            "determinant and that of automatic differentiation: all lie left of 1e-8, nearly all "
            "near 1e-15."
        ),
        caption="Differences are rounding; the tests' bar is the dashed line.",
        more=(
            "The lecture writes J for two things: in row 17 it is the Jacobian of f, the scale of "
            "areas from z to x; in this formula it is that of f⁻¹, from x to z. They are "
            "reciprocal: det J_f⁻¹(x) = 1 / det J_f(z). The library says which it means by the "
            "function asked: forward returns log|det J_f|, inverse returns log|det J_f⁻¹|."
        ),
        size=(5.4, 6.2),
        seconds=3,
    ),
]
