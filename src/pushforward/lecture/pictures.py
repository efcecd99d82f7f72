"""What the figures of the lecture share: clouds, densities, grids, all in one visual language."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pushforward.pages.theme import DENSITY, FAINT, INK, PAPER, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Log = Callable[[Tensor], Tensor]


def plain(values: Tensor) -> Any:
    """A tensor as matplotlib takes it."""
    return values.detach().cpu().numpy()


def panel(axes: Axes, half: float | tuple[float, float], title: str = "", at: Any = (0, 0)) -> None:
    """An empty square window around `at`, `half` to every side, without ticks."""
    across, up = (half, half) if isinstance(half, int | float) else half
    axes.set(xlim=(at[0] - across, at[0] + across), ylim=(at[1] - up, at[1] + up), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=FAINT, linewidth=0.5)
    if title:
        axes.set_title(title, loc="center")


def mesh(half: float, size: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The points (size², 2) of a square grid, row by row from below."""
    side = torch.linspace(-half, half, size, dtype=dtype)
    return torch.stack(torch.meshgrid(side, side, indexing="xy"), -1).reshape(-1, 2)


def shade(
    axes: Axes,
    log_prob: Log,
    half: float,
    size: int = 160,
    power: float = 0.75,
    top: float | None = None,
) -> None:
    """A density of two numbers, the darker the denser; darkest at its own peak, or at `top`."""
    values = log_prob(mesh(half, size)).exp().double().reshape(size, size)
    axes.imshow(
        plain(values**power),
        origin="lower",
        extent=(-half, half, -half, half),
        cmap=shades(DENSITY),
        vmin=0,
        vmax=None if top is None else top**power,
        interpolation="bilinear",
    )


def mass(log_prob: Log, half: float, size: int = 240) -> float:
    """The integral of a density over a square, by the midpoint rule."""
    step = 2 * half / size
    return float(log_prob(mesh(half - step / 2, size)).exp().double().sum()) * step**2


def cloud(axes: Axes, points: Tensor, colour: str, size: float = 2.0) -> None:
    """Points (n, 2)."""
    x, y = plain(points).T
    axes.scatter(x, y, s=size, color=colour, lw=0, zorder=2, rasterized=True)


def lines(half: float = 2.5, count: int = 11, size: int = 201) -> Tensor:
    """The lines (2·count, size, 2) of a square grid: the upright ones, then the level ones."""
    place, along = torch.linspace(-half, half, count), torch.linspace(-half, half, size)
    upright = torch.stack(torch.meshgrid(place, along, indexing="ij"), -1)
    return torch.cat([upright, upright.flip(-1)])


def rings(radii: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 2.5), size: int = 601) -> Tensor:
    """Circles (len(radii), size, 2) around zero."""
    angle = torch.linspace(0, 2 * math.pi, size)
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    return torch.stack([radius * circle for radius in radii])


def strokes(axes: Axes, curves: Tensor, colour: str = INK, width: float = 0.6) -> None:
    """Curves (n, points, 2)."""
    for curve in plain(curves):
        axes.plot(*curve.T, color=colour, lw=width, zorder=1)


def outline(axes: Axes, corners: Tensor, colour: str, label: str = "", **style: Any) -> None:
    """A closed curve through corners (n, 2), filled lightly."""
    closed = plain(torch.cat([corners, corners[:1]]))
    axes.fill(*closed.T, color=colour, alpha=style.pop("alpha", 0.25), lw=0)
    axes.plot(*closed.T, color=colour, label=label or None, **style)


def sheet_of(axes: Axes, images: Tensor, columns: int, title: str) -> None:
    """Gray images (n, 1, H, W) of bytes side by side, ink on paper."""
    n, _, height, width = images.shape
    rows = -(-n // columns)
    padded = images.new_zeros(rows * columns, height, width)
    padded[:n] = images[:, 0]
    laid = padded.reshape(rows, columns, height, width).transpose(1, 2)
    axes.imshow(plain(laid.reshape(rows * height, columns * width)), cmap=shades(INK), vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=FAINT, linewidth=0.5)
    axes.set_title(title, loc="center")


def arrow(
    axes: Axes, start: Any, end: Any, label: str = "", shift: tuple[float, float] = (3, 3)
) -> None:
    """A black arrow from one point to another, with its name near its end."""
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style, zorder=5)
    side = "right" if shift[0] < 0 else "left"
    axes.annotate(label, end, shift, textcoords="offset points", ha=side, zorder=6, **haloed())


def haloed() -> dict[str, Any]:
    """Text that stands out from what is behind it."""
    from matplotlib.patheffects import withStroke

    return {"path_effects": [withStroke(linewidth=2.2, foreground=PAPER)]}


def between_panels(sheet: Figure, left: Axes, right: Axes, above: str, below: str = "") -> None:
    """The map, in black, from one panel to the next, and under it the way back."""
    from matplotlib.patches import ConnectionPatch

    for text, height, (a, b, ends) in (
        (above, 0.58, (left, right, (1.02, -0.02))),
        (below, 0.42, (right, left, (-0.02, 1.02))),
    ):
        if not text:
            continue
        patch = ConnectionPatch(
            (ends[0], height),
            (ends[1], height),
            "axes fraction",
            "axes fraction",
            axesA=a,
            axesB=b,
            arrowstyle="-|>",
            color=INK,
            lw=1.2,
            mutation_scale=9,
        )
        patch.set_in_layout(False)
        sheet.add_artist(patch)
        left.annotate(
            text,
            (1.0, height),
            (12, 4 if text == above else -12),
            xycoords="axes fraction",
            textcoords="offset points",
            color=INK,
        )


def pair(sheet: Figure, **options: Any) -> tuple[Axes, Axes]:
    """Two panels beside each other, with room for an arrow between them."""
    left, right = sheet.subplots(1, 2, gridspec_kw={"wspace": 0.22}, **options)
    return left, right
