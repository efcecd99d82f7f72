"""Row 3: maps that are no bijections, and what they lose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import cloud, panel, plain
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, SAMPLED, few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _refusals() -> dict[str, Any]:
    flat, said = torch.randn(2, 5), []  # z → z² folds, R^5 → R^2 flattens
    for make in (lambda: pf.transforms.Monotone(torch.square), lambda: pf.transforms.Linear(flat)):
        try:
            make()
        except pf.errors.PushforwardError as error:
            said.append(str(error))
    return locals()


def _normal(z: torch.Tensor) -> torch.Tensor:
    return (-0.5 * z.square()).exp() / math.sqrt(2 * math.pi)


def _one_branch(x: torch.Tensor) -> torch.Tensor:
    """What the change of variable would say of z² if +√x were its inverse."""
    return _normal(x.sqrt()) / (2 * x.sqrt())


def _fold(axes: Axes) -> None:
    z = torch.linspace(-2.2, 2.2, 201)
    axes.plot(z, z.square(), color=INK)
    axes.plot([-1.3, 1.3], [1.69, 1.69], color=FAINT, lw=0.8, ls=":")
    axes.plot([-1.3, 1.3], [0, 0], "o", color=LATENT, ms=5, clip_on=False)
    axes.plot([-1.3, 1.3], [1.69, 1.69], "o", color=SAMPLED, ms=5)
    axes.annotate("two z,\none x", (0, 1.69), ha="center", va="center", backgroundcolor="#fdfcf8")
    axes.set(xlabel="z", ylabel="x", title="x = z² folds", ylim=(0, 4.6))
    few_ticks(axes, 4, 4)


def _lost(axes: Axes) -> None:
    x = torch.linspace(0.02, 4, 400)
    half = _one_branch(x)
    axes.plot(x, 2 * half, color=SAMPLED, label="$p_X$, mass 1")
    axes.plot(x, half, color=DENSITY, ls="--", label="one branch,\nmass ½")
    axes.fill_between(x, half, color=DENSITY, alpha=0.3, lw=0)
    axes.set(xlabel="x", ylim=(0, 1.6), title="density of z²")
    axes.legend(loc="upper right", handlelength=1.4)
    few_ticks(axes, 4, 3)


def _flattened(axes: Axes, r: Result) -> None:
    z = torch.randn(600, 5, generator=torch.Generator().manual_seed(1))
    kernel = torch.linalg.svd(r.flat).Vh[2]  # a direction that R^5 → R^2 does not see
    line = torch.linspace(-3, 3, 50)[:, None] * kernel + z[:1]
    cloud(axes, z @ r.flat.t(), SAMPLED, 3)
    point = (line @ r.flat.t())[0]
    axes.plot(*plain(point), "o", color=INK, ms=5, zorder=4)
    axes.annotate(
        "three dimensions\nof z in one point",
        plain(point),
        (-5.6, -5.4),
        arrowprops={"arrowstyle": "-"},
        fontsize=8,
        zorder=5,
    )
    panel(axes, 6.0, "$R^5 \\to R^2$ flattens")


def _draw(sheet: Figure, r: Result) -> None:
    first, second, third = sheet.subplots(1, 3)
    _fold(first)
    _lost(second)
    _flattened(third, r)


def _numbers(r: Result) -> list[Number]:
    root = torch.linspace(0, 12, 200_001, dtype=torch.float64)  # x = root², dx = 2·root·d root
    half = torch.trapezoid(_normal(root), root).item()
    stretches = torch.linalg.svdvals(torch.cat([r.flat.double(), torch.zeros(3, 5)]))
    return [
        Number("mass that one branch of z² keeps", half, 0.5, 1e-9),
        Number("directions that R⁵ → R² keeps", float((stretches > 0).sum()), 2.0, 0.0),
        Number("volume of the unit cube's image in R⁵", stretches.prod().item(), 0.0, 0.0),
    ]


ROWS = [
    Row(
        number=3,
        title="A bijection, and what is not one",
        claim=(
            "z² sends two points to one: it folds. A map of R⁵ to R² sends a whole space of "
            "points to one, and their volume is gone. Neither can be undone, so neither can carry "
            "a density, and the library refuses both."
        ),
        formula=r"f(a) = f(b)\ \Rightarrow\ a = b",
        code=_refusals,
        draw=_draw,
        numbers=_numbers,
        says=lambda r: r.said,
        alt=(
            "Left, the parabola x = z², where two z have one x. Middle, the density of z² for a "
            "normal z, and half as high what one branch alone would give. Right, the image of "
            "points of R⁵ in the plane, where each point stands for a space of three dimensions."
        ),
        caption=(
            "The change of variable with one inverse, +√x, would lose half of the mass; a map "
            "into fewer dimensions loses all volume."
        ),
        size=(6.0, 2.3),
        form="png",
        more=(
            "Maps that are meant to lose something keep their place, under another name: a "
            "surjection or a variational autoencoder gives a bound on log p, and says so."
        ),
    ),
]
