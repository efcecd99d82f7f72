"""Row 5: the one monotone map between two distributions of one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import plain
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, SAMPLED, few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _between() -> dict[str, Any]:
    normal, gamma = torch.distributions.Normal(0.0, 1.0), torch.distributions.Gamma(2.0, 1.0)
    exact = pf.transforms.between(normal, gamma)
    learned = pf.transforms.between(normal, gamma.sample((500,)))  # from samples alone
    z = torch.linspace(-2.5, 2.5, 201).double()
    (x, log_det), x_learned = exact.forward(z), learned.forward(z)[0]
    return locals()


def _share(r: Result, z: float) -> tuple[float, float]:
    """F_Z(z), and the x of the same share."""
    point = torch.tensor([z], dtype=torch.float64)
    return float(r.normal.cdf(point)), float(r.exact.forward(point)[0])


def _cdf(axes: Axes, value: torch.Tensor, share: torch.Tensor, colour: str, name: str) -> None:
    axes.plot(plain(value), plain(share), color=colour)
    axes.set(ylim=(0, 1.04), title=f"$F_{name.upper()}$", xlabel=name)
    few_ticks(axes, 4, 3)


def _draw(sheet: Figure, r: Result) -> None:
    left, right, last = sheet.subplots(1, 3, gridspec_kw={"width_ratios": [1, 1, 1.15]})
    _cdf(left, r.z, r.normal.cdf(r.z), LATENT, "z")
    _cdf(right, r.x, r.normal.cdf(r.z), SAMPLED, "x")
    right.set_xlim(0, 7)
    for z in (-0.8, 0.9):
        share, x = _share(r, z)
        left.annotate("", (2.5, share), (z, share), arrowprops={"arrowstyle": "-", "color": INK})
        left.plot([z, z], [0, share], color=INK, lw=1)
        right.annotate("", (x, share), (0, share), arrowprops={"arrowstyle": "->", "color": INK})
        right.annotate("", (x, 0), (x, share), arrowprops={"arrowstyle": "->", "color": INK})
    left.set_xlim(-2.5, 2.5)
    right.set_yticklabels([])
    last.plot(plain(r.z), plain(r.x), color=INK, label="exact")
    last.plot(plain(r.z), plain(r.x_learned), color=DENSITY, ls="--", label="learned")
    last.plot([-2.5, 2.5], [-2.5, 2.5], color=FAINT, lw=0.7, ls=":")
    last.set(xlabel="z", title="x = f(z)", xlim=(-2.5, 2.5), ylim=(-0.4, 8))
    last.legend(loc="upper left")
    few_ticks(last, 4, 4)


def _numbers(r: Result) -> list[Number]:
    back = 1 - (1 + r.x) * (-r.x).exp()  # F_X of Gamma(2, 1), in closed form
    slope = r.normal.log_prob(r.z) - r.gamma.log_prob(r.x)
    middle = (r.z.abs() <= 2.0) & True
    return [
        Number("largest |F_X(f(z)) − F_Z(z)|", _most(back - r.normal.cdf(r.z)), 0.0, 1e-7),
        Number("largest |log f′ − (log p_Z − log p_X)|", _most(r.log_det - slope), 0.0, 1e-5),
        Number(
            "learned: largest |F_X(f(z)) − F_Z(z)|, 500 samples", _learned(r, middle), 0.0, 0.07
        ),
    ]


def _learned(r: Result, where: torch.Tensor) -> float:
    x = r.x_learned.clamp(min=0.0)
    return _most(((1 - (1 + x) * (-x).exp()) - r.normal.cdf(r.z))[where])


def _most(values: torch.Tensor) -> float:
    return values.abs().max().item()


ROWS = [
    Row(
        number=5,
        title="One number: the flow from two distribution functions",
        claim=(
            "Any continuous distribution of one number can be made from any other: "
            "Y = F_Z(Z) is uniform on [0, 1], and w = F_X⁻¹(y) makes X of it. Where X is "
            "known by samples only, its distribution function is learned from them."
        ),
        formula=r"X = F_X^{-1}\left(F_Z(Z)\right)",
        code=_between,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "The distribution function of a normal Z and of a Gamma X; arrows go from z up to its "
            "share, across to the other curve, and down to x. Right, the map x = f(z) that this "
            "makes, rising and convex, and the one learned from samples, almost the same."
        ),
        caption=(
            "Up from z to its share F_Z(z), across to the same share of X, down to x. Right, the "
            "map that this makes of a standard normal and a Gamma(2, 1)."
        ),
        size=(5.8, 2.5),
    ),
]
