"""Rows 16 and 17: a determinant is an area, with a sign; a Jacobian's is one in the small."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import arrow, cloud, lines, outline, panel, plain, strokes
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, SAMPLED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNIT = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]]).double()
# A letter that its mirror image is not: corners of an F in the unit square.
LETTER = torch.tensor(
    [
        *([0.25, 0.15], [0.42, 0.15], [0.42, 0.45], [0.65, 0.45], [0.65, 0.6], [0.42, 0.6]),
        *([0.42, 0.72], [0.75, 0.72], [0.75, 0.87], [0.25, 0.87]),
    ]
).double()


def _area() -> dict[str, Any]:
    from pushforward.diagnostics.geometry import counted_area, dissection

    a, b, c, d = 3.0, 1.0, 1.0, 2.0
    f = pf.transforms.Linear([[a, c], [b, d]])  # the unit square's sides become (a, b) and (c, d)
    turned = pf.transforms.Linear([[c, a], [d, b]])  # the same two, exchanged
    counted = counted_area(f.matrix, points=1_000_000)
    box, parallelogram, rest = dissection(a, b, c, d)
    return locals()


def _lettered(axes: Axes, f: pf.transforms.Transform | None, colour: str, title: str) -> None:
    """The unit square with its letter and its two sides, or their images."""

    def image(points: torch.Tensor) -> torch.Tensor:
        return points if f is None else f.forward(points)[0]

    outline(axes, image(UNIT), colour, alpha=0.2)
    axes.fill(*plain(image(LETTER)).T, color=colour, lw=0)
    ends = [plain(image(UNIT[1])), plain(image(UNIT[3]))]
    for name, end in zip("12", ends, strict=True):
        label = f"$e_{name}$" if f is None else f"$A\\,e_{name}$"
        lower = end[1] == min(e[1] for e in ends)
        arrow(axes, (0, 0), end, label, (4, -10) if lower else (-3, 4))
    axes.set_title(title, loc="center")


def _window(axes: Axes) -> None:
    panel(axes, (2.6, 2.1), at=(2.1, 1.55))


def _dissected(axes: Axes, r: Result) -> None:
    colours = {"ab/2": DENSITY, "cd/2": LATENT, "bc": FAINT}
    for piece in r.rest:
        outline(axes, piece.corners, colours[piece.term], alpha=0.35, lw=0.8)
        centre = plain(piece.corners.mean(0))
        axes.annotate(f"${piece.term}$", centre, ha="center", va="center", fontsize=7)
    outline(axes, r.parallelogram.corners, SAMPLED, alpha=0.45, lw=1.4)
    axes.annotate("$ad - bc$", (2.0, 1.5), ha="center", va="center")
    for at, text, place in (
        ((1.5, 0), "a", "top"),
        ((3.5, 0), "c", "top"),
        ((4.0, 0.5), "b", "center"),
        ((4.0, 2.0), "d", "center"),
    ):
        offset = (0, -4) if place == "top" else (5, 0)
        axes.annotate(f"${text}$", at, offset, textcoords="offset points", va=place, ha="center")
    _window(axes)
    axes.set_title("(a+c)(b+d) − ab − 2bc − cd", loc="center")


def _counted(axes: Axes, r: Result) -> None:
    """Some of the counted points: those inside are orange."""
    pick = torch.randperm(len(r.counted.points), generator=torch.Generator().manual_seed(0))[:1500]
    points, inside = r.counted.points[pick], r.counted.inside[pick]
    for part, colour in ((inside, SAMPLED), (~inside, FAINT)):
        cloud(axes, points[part], colour, 1.5)
    outline(axes, r.parallelogram.corners, INK, alpha=0.0, lw=1.0)
    _window(axes)
    axes.set_title(f"counted: {r.counted.area:.3f}", loc="center")


def _draw_area(sheet: Figure, r: Result) -> None:
    (unit, image, mirrored), (count, cut, _) = axes = sheet.subplots(2, 3)
    _lettered(unit, None, LATENT, "the unit square")
    _lettered(image, r.f, SAMPLED, "under A: det = 5")
    _lettered(mirrored, r.turned, SAMPLED, "exchanged: det = −5")
    for window in (unit, image, mirrored):
        _window(window)
    _counted(count, r)
    _dissected(cut, r)
    axes[1, 2].set_axis_off()
    axes[1, 2].annotate(
        "$ad - bc = 3 \\cdot 2 - 1 \\cdot 1 = 5$\n\nThe letter keeps its hand\nwhere det > 0, "
        "and is\nmirrored where det < 0.",
        (0.02, 0.5),
        xycoords="axes fraction",
        va="center",
    )


def _numbers_area(r: Result) -> list[Number]:
    left = r.box.area - sum(piece.area for piece in r.rest)
    x = torch.tensor([2.0, 1.5]).double()
    base = pf.distributions.Normal(2).double()
    density = pf.Flow(base, r.f).double().log_prob(x).exp().item()
    by_hand = base.log_prob(torch.linalg.solve(r.f.matrix, x)).exp().item() / 5
    return [
        Number("area by counting a million points", r.counted.area, 5.0, 5e-3),
        Number("box minus the six pieces", left, 5.0, 1e-12),
        Number("|det A|, from the transform", r.f.log_abs_det.exp().item(), 5.0, 1e-12),
        Number("sign of det A", float(r.f.orientation), 1.0, 0.0),
        Number("sign with the sides exchanged", float(r.turned.orientation), -1.0, 0.0),
        Number("P_X(2, 1.5) for a normal Z, minus P_Z(A⁻¹x)/5", density - by_hand, 0.0, 1e-12),
    ]


def _small_square() -> dict[str, Any]:
    from pushforward.diagnostics.geometry import shrinking, square_image

    t, at = pf.transforms, torch.tensor([0.25, 0.25]).double()
    f = t.Compose([t.Linear([[0.6, 0.6], [-0.6, 0.6]]), t.Exp()])
    squares = [square_image(f, at, side) for side in (0.8, 0.4, 0.2)]
    corner, centre = shrinking(f, at, "corner"), shrinking(f, at, "centre")
    return locals()


def _draw_small(sheet: Figure, r: Result) -> None:
    left, middle, right = sheet.subplots(1, 3, gridspec_kw={"width_ratios": [1, 1, 1.15]})
    grid = lines(2.0, 17, 121).double()
    strokes(left, grid, FAINT, 0.4)
    strokes(middle, r.f.forward(grid)[0], FAINT, 0.4)
    for k, found in enumerate(r.squares):
        outline(left, found.square, LATENT, lw=1, alpha=0.18)
        closed = found.boundary
        middle.fill(*plain(closed).T, color=SAMPLED, alpha=0.25, lw=0)
        middle.plot(*plain(closed).T, color=SAMPLED, lw=1.2, label="" if k else "image")
        edges = torch.cat([found.linear, found.linear[:1]])
        middle.plot(*plain(edges).T, color=INK, lw=1, ls="--", label="" if k else "linear")
    panel(left, 1.0, "z", (0.65, 0.65))
    panel(middle, 1.25, "x = f(z)", (2.4, 1.05))
    middle.legend(loc="upper left", fontsize=7.5, handlelength=1.3, frameon=True, edgecolor="none")
    _slopes(right, r)


def _slopes(axes: Axes, r: Result) -> None:
    for found, marker, name in ((r.corner, "o", "corner"), (r.centre, "s", "centre")):
        axes.loglog(found.sides, found.errors, marker=marker, ms=4, color=INK, lw=1)
        axes.annotate(
            f"{name}:\nslope {found.slope:.2f}",
            (found.sides[2], found.errors[2]),
            (5, -5),
            textcoords="offset points",
            va="top",
            fontsize=8,
        )
    axes.set(xlabel="side h", title="error of |det J|·h²")
    axes.set_xticks([0.0125, 0.05, 0.2], ["0.0125", "0.05", "0.2"])
    axes.minorticks_off()


def _numbers_small(r: Result) -> list[Number]:
    return [
        *(
            Number(f"area of the image / (|det J|·h²), h = {side}", found.ratio)
            for side, found in zip((0.8, 0.4, 0.2), r.squares, strict=True)
        ),
        Number("slope of the error, square held at its corner", r.corner.slope, 1.0, 0.1),
        Number("slope of the error, held at its centre", r.centre.slope, 2.0, 0.1),
        Number("det J at the point", r.squares[0].det, 0.72 * math.exp(1.2 * 0.25), 1e-12),
    ]


ROWS = [
    Row(
        number=16,
        title="A determinant is an area",
        claim=(
            "The matrix A sends the unit square to a parallelogram. Its area is |det A|: count "
            "points and see, or cut the box around it into pieces and take them away. The sign "
            "of the determinant tells whether the plane was turned over. A density is divided by "
            "that area."
        ),
        formula=(
            r"(a+c)(b+d) - ab - 2bc - cd = ad - bc,\qquad "
            r"P_X(x) = \dfrac{P_Z(A^{-1}x)}{\left|\det A\right|}"
        ),
        code=_area,
        draw=_draw_area,
        numbers=_numbers_area,
        alt=(
            "Above: the unit square with a letter F; its image under A, a parallelogram of area 5; "
            "and the same parallelogram with the sides exchanged, in which the F is mirrored. "
            "Below: points counted in the box around it, and the box cut into the parallelogram, "
            "four triangles and two rectangles."
        ),
        caption=(
            "Above, the square and its images; below, two ways to find the area: counting, and "
            "the lecture's dissection."
        ),
        size=(6.0, 3.7),
        form="png",
    ),
    Row(
        number=17,
        title="The Jacobian: area scale in the small",
        claim=(
            "A smooth map is nearly linear in the small. A small square becomes nearly a "
            "parallelogram, and |det J| times its area is nearly the area of its image. The error "
            "falls with the side h: in proportion to h for a square held at its corner, to h² for "
            "one held at its centre."
        ),
        formula=(
            r"J = \left[\dfrac{\partial f_i}{\partial z_j}\right],\qquad "
            r"\Delta A_x \approx \left|\det J\right|\,\Delta A_z"
        ),
        code=_small_square,
        draw=_draw_small,
        numbers=_numbers_small,
        alt=(
            "Left, three squares with one corner in common on a grid. Middle, the bent grid with "
            "the squares' images in orange and their linear images dashed: the smaller, the "
            "closer. Right, the error against the side, both logarithmic: two straight lines of "
            "slope 1 and 2."
        ),
        caption="Orange, the true images; dashed, what the Jacobian at the common corner predicts.",
        size=(6.0, 2.35),
    ),
]
