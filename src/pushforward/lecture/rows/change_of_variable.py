"""Rows 12 to 15: what happens to a density of one number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import plain
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, SAMPLED, few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _stretched() -> dict[str, Any]:
    base = pf.distributions.Uniform(1, 0.0, 2.0)
    flow = pf.Flow(base, pf.transforms.Affine(0.0, 4.0)).double()  # X = 4Z
    x = torch.linspace(-2, 10, 1201).double()[:, None]
    p_z, p_x = base.log_prob(x / 4).exp(), flow.log_prob(x).exp()
    at_four = flow.log_prob(torch.tensor([4.0]).double()).exp()
    return locals()


def _mass(x: torch.Tensor, p: torch.Tensor, a: float, b: float) -> tuple[torch.Tensor, float]:
    """Which points lie in [a, b], and the integral of the density over them."""
    part = (x >= a - 1e-9) & (x <= b + 1e-9)
    return part, torch.trapezoid(p[part], x[part]).item()


def _shaded(axes: Axes, x: torch.Tensor, p: torch.Tensor, a: float, b: float, colour: str) -> None:
    """A density with the mass of (a, b) shaded and told."""
    axes.plot(x, p, color=colour, zorder=4)
    part, mass = _mass(x, p, a, b)
    axes.fill_between(x[part], p[part], color=DENSITY, alpha=0.45, lw=0)
    height = p[part].mean().item() / 2
    axes.annotate(f"mass\n{mass:.2f}", ((a + b) / 2, height), ha="center", va="center")
    axes.set_ylim(0, 0.62)
    few_ticks(axes)


def _draw_stretched(sheet: Figure, r: Result) -> None:
    x, p_z, p_x = r.x.flatten(), r.p_z, r.p_x
    left, right = sheet.subplots(1, 2, gridspec_kw={"width_ratios": [1, 2.4]}, sharey=True)
    _shaded(left, x / 4, p_z, 0.75, 1.25, LATENT)
    _shaded(right, x, p_x, 3.0, 5.0, SAMPLED)
    left.set(xlabel="z", ylabel="density", title="$p_Z$, uniform on [0, 2]")
    right.set(xlabel="x = 4z", title="$p_X$, uniform on [0, 8]")
    right.set_xticks([0, 2, 4, 6, 8])
    right.plot([4], [r.at_four.item()], "o", color=INK, ms=5, zorder=5)
    right.annotate("$p_X(4) = 1/8$", (4, r.at_four.item()), (4.5, 0.2), color=INK)
    right.plot([4], [0.5], "x", color=FAINT, ms=7)
    right.annotate("not $p_Z(1) = 1/2$", (4, 0.5), (4.5, 0.485), color=FAINT)


def _numbers_stretched(r: Result) -> list[Number]:
    x = r.x.flatten()
    return [
        Number("density of X at 4", r.at_four.item(), 0.125, 1e-12),
        Number("Pr{3/4 < Z < 5/4}", _mass(x / 4, r.p_z, 0.75, 1.25)[1], 0.25, 1e-12),
        Number("Pr{3 < X < 5}", _mass(x, r.p_x, 3.0, 5.0)[1], 0.25, 1e-12),
    ]


def _line() -> dict[str, Any]:
    base = pf.distributions.Normal(1).double()
    flow = pf.Flow(base, pf.transforms.Affine(1.0, 2.0)).double()  # Y = 2X + 1
    y = torch.linspace(-7, 9, 1000).double()[:, None]
    density = flow.log_prob(y).exp()
    by_hand = 0.5 * base.log_prob((y - 1) / 2).exp()
    return locals()


def _draw_line(sheet: Figure, r: Result) -> None:
    axes = sheet.subplots()
    axes.plot(r.y, r.base.log_prob(r.y).exp(), color=LATENT, label="$p_X$")
    axes.plot(r.y, r.density, color=SAMPLED, label="$p_Y$, Y = 2X + 1")
    for at, height, colour in ((0, 0.3989, LATENT), (1, 0.1995, SAMPLED)):
        axes.plot([at, at], [0, height], color=colour, lw=0.8, ls=":")
    axes.set(xlabel="value", ylabel="density", ylim=(0, 0.44))
    axes.legend(loc="upper right")
    few_ticks(axes, 9)


def _monotone() -> dict[str, Any]:
    base = pf.distributions.Normal(1)
    rising = pf.Flow(base, pf.transforms.Monotone(torch.sinh)).double()
    falling = pf.Flow(base, pf.transforms.Monotone(lambda z: (-z).exp())).double()
    x = torch.linspace(-5.99, 6.01, 1201).double()[:, None]
    p_rising, p_falling = rising.log_prob(x).exp(), falling.log_prob(x).exp()
    return locals()


def _draw_monotone(sheet: Figure, r: Result) -> None:
    x, z = plain(r.x.flatten()), torch.linspace(-2.4, 2.4, 201)
    rows = sheet.subplots(2, 2, sharex="col", gridspec_kw={"width_ratios": [1, 1.6]})
    for (left, right), f, p, name, least in (
        (rows[0], torch.sinh, r.p_rising, "sinh z, rising", -6),
        (rows[1], lambda z: (-z).exp(), r.p_falling, "exp(−z), falling", 0),
    ):
        left.plot(z, f(z), color=INK)
        left.set(title=f"x = {name}", ylabel="x", ylim=(least, 6))
        right.fill_between(x, plain(p), color=DENSITY, alpha=0.3, lw=0)
        right.plot(x, plain(p), color=SAMPLED, label="$p_X$")
        right.plot(x, plain(r.base.log_prob(r.x).exp()), color=LATENT, label="$p_Z$", lw=1)
        right.set(xlim=(-4, 6), ylim=(0, 0.72), title="density")
        few_ticks(left, 5, 3)
        few_ticks(right, 6, 3)
    rows[0][1].legend(loc="upper right")
    rows[1][0].set_xlabel("z")
    rows[1][1].set_xlabel("value")


def _numbers_monotone(r: Result) -> list[Number]:
    x, standard = r.x.flatten(), torch.distributions.Normal(0.0, 1.0)
    rising = standard.log_prob(x.asinh()).exp() / (1 + x.square()).sqrt()
    held = x.clamp(min=1e-9)
    falling = torch.where(x > 0, standard.log_prob(-held.log()).exp() / held, 0.0)
    return [
        Number(f"{name}: largest difference to $ at 1201 points".replace("$", law), d, 0.0, 1e-12)
        for name, law, d in (
            ("sinh", "p_Z(asinh x)/√(1+x²)", (r.p_rising - rising).abs().max().item()),
            ("exp(−z)", "p_Z(−log x)/x", (r.p_falling - falling).abs().max().item()),
        )
    ]


def _exponential() -> dict[str, Any]:
    base = pf.distributions.Uniform(1, 0.0, 2.0)
    flow = pf.Flow(base, pf.transforms.Exp()).double()
    x = torch.linspace(1, math.e**2, 1002).double()[1:-1, None]
    density = flow.log_prob(x).exp()
    outside = flow.log_prob(torch.tensor([[-1.0], [0.5], [8.0]]).double())
    return locals()


def _draw_exponential(sheet: Figure, r: Result) -> None:
    axes = sheet.subplots()
    x, edge = r.x.flatten(), math.e**2
    axes.fill_between(x, r.density, color=DENSITY, alpha=0.3, lw=0)
    axes.plot(x, r.density, color=SAMPLED, label="$p_X(x) = 1/(2x)$")
    axes.plot([0, 2], [0.5, 0.5], color=LATENT, lw=1.2, label="$p_Z$, uniform on [0, 2]")
    for a, b in ((-0.5, 1), (edge, 8.5)):
        axes.plot([a, b], [0, 0], color=SAMPLED, clip_on=False, zorder=4)
    axes.set(xlabel="x = exp(z)", ylabel="density", ylim=(0, 0.62), xlim=(-0.5, 8.5))
    axes.set_xticks([0, 1, 2, 4, 6, edge], ["0", "1", "2", "4", "6", "$e^2$"])
    axes.set_yticks([0, 0.25, 0.5])
    axes.legend(loc="upper right")


def _numbers_exponential(r: Result) -> list[Number]:
    difference = (r.density - 1 / (2 * r.x.flatten())).abs().max().item()
    return [
        Number("largest difference to 1/(2x) at 1000 points", difference, 0.0, 1e-12),
        Number("log density at x = 0.5, outside", r.outside[1].item()),
    ]


ROWS = [
    Row(
        number=12,
        title="Change of variable: mass is conserved, density is not",
        claim=(
            "Z is uniform on [0, 2] and X = 4Z. The density of X at 4 is 1/8, and not the density "
            "of Z at 1, which is 1/2: the interval around the point became four times as long, and "
            "its mass, Pr{a < Z < b} = Pr{f(a) < X < f(b)}, stayed the same."
        ),
        formula=r"P_X(x) = P_Z\left(\dfrac{x}{4}\right) \cdot \dfrac{1}{4}",
        code=_stretched,
        draw=_draw_stretched,
        numbers=_numbers_stretched,
        alt=(
            "Left, the density of Z, 1/2 on [0, 2], with the mass of (0.75, 1.25) shaded: 0.25. "
            "Right, the density of X, 1/8 on [0, 8], with the mass of (3, 5) shaded: 0.25 too."
        ),
        caption="The two shaded areas are one and the same mass, 0.25; only their shapes differ.",
    ),
    Row(
        number=13,
        title="A line: Y = 2X + 1",
        claim="Stretching by two halves the density; the shift only moves it.",
        formula=r"P_Y(y) = \dfrac{1}{2}\, P_X\left(\dfrac{y-1}{2}\right)",
        code=_line,
        draw=_draw_line,
        numbers=lambda r: [
            Number(
                "largest difference to the formula at 1000 points",
                (r.density - r.by_hand).abs().max().item(),
                0.0,
                1e-12,
            )
        ],
        alt="A standard normal density and that of 2X + 1: half as high, twice as wide, around 1.",
        caption="Half as high and twice as wide: the area under both is one.",
    ),
    Row(
        number=14,
        title="Any monotone map of one number",
        claim=(
            "With x = f(z) strictly monotone and h = f⁻¹, the density of X is that of Z at h(x), "
            "times how much h stretches there. The absolute value makes the formula hold for maps "
            "that fall as well. The library is given f alone: it finds h by a root, and h′ by "
            "automatic differentiation."
        ),
        formula=r"P_X(x) = P_Z(h(x))\,\left|h'(x)\right|",
        code=_monotone,
        draw=_draw_monotone,
        numbers=_numbers_monotone,
        alt=(
            "Above, the rising map sinh and the density it makes from a standard normal: wider, "
            "with a lower peak. Below, the falling map exp(−z) and its density, which is "
            "log-normal: zero for negative x, with a peak near 0.4 and a long right tail."
        ),
        caption="Black, the maps; orange, the densities they make of the green one.",
        size=(5.4, 3.9),
    ),
    Row(
        number=15,
        title="An exponential: X = exp(Z)",
        claim=(
            "Z is uniform on [0, 2]. The map stretches more and more, so the density of X falls as "
            "1/(2x) on [1, e²], and it is zero (log density −∞, never NaN) outside."
        ),
        formula=r"P_X(x) = P_Z(\log x)\,\left|\dfrac{d \log x}{dx}\right| = \dfrac{1}{2x}",
        code=_exponential,
        draw=_draw_exponential,
        numbers=_numbers_exponential,
        alt=(
            "The density 1/(2x) between 1 and e squared, and zero elsewhere, beside the flat "
            "density of Z, 1/2 on [0, 2]."
        ),
        caption="Where the map stretches, the density falls.",
    ),
]
