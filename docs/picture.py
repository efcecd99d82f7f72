"""Draw the README's picture: a Gaussian pushed forward, step by step, into two moons.

python docs/picture.py            # writes docs/picture.png, in about half a minute
"""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pushforward.flow import Flow
from pushforward.flows import nsf
from pushforward.pages.theme import DENSITY, FAINT, LATENT, SAMPLED, STYLE, shades
from pushforward.training import fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEED = 3
HALF_WIDTH, HALF_HEIGHT = 3.4, 2.9  # of each panel, in the data's units
GRID = 240  # points along each side of a density
DOTS = 1500
LEVELS = 96  # of a density's shades, which leaves the palette room for the rest
DPI = 160
RINGS = (0.5, 1.0, 1.5, 2.0, 2.5)  # radii of circles around the base's mean
TITLES = ("base  z ~ N(0, I)", "after step 1", "after step 2", "after step 3", "samples  x = f(z)")


def moons(n: int, generator: torch.Generator) -> Tensor:
    """n points (n, 2) on two interlocking half circles, with some noise."""
    angle = math.pi * torch.rand(n, generator=generator)
    upper = torch.rand(n, generator=generator) < 0.5
    x = torch.where(upper, angle.cos(), 1 - angle.cos()) - 0.5
    y = torch.where(upper, angle.sin(), 0.5 - angle.sin()) - 0.25
    noise = 0.08 * torch.randn(n, 2, generator=generator)
    return 1.9 * (torch.stack([x, y], dim=1) + noise)


def fitted(data: Tensor) -> Flow:
    """A neural spline flow of four couplings, fitted to the points."""
    torch.manual_seed(SEED)
    flow = nsf(2, wiring="coupling", layers=4, hidden=(64, 64), scaler="none")
    fit(flow, data, epochs=80, seed=SEED, progress=sys.stderr.isatty())
    return flow


@torch.no_grad()
def density(flow: Flow) -> np.ndarray:
    """The density on the grid of a panel."""
    across = torch.linspace(-HALF_WIDTH, HALF_WIDTH, GRID)
    upward = torch.linspace(-HALF_HEIGHT, HALF_HEIGHT, GRID)
    points = torch.stack(torch.meshgrid(across, upward, indexing="xy"), dim=-1)
    values: np.ndarray = flow.log_prob(points.reshape(-1, 2)).exp().reshape(GRID, GRID).numpy()
    return values


def rings() -> Tensor:
    """Circles in the space of latents, (rings, points, 2)."""
    angle = torch.linspace(0, 2 * math.pi, 1500)
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    return torch.stack([radius * circle for radius in RINGS])


def mixed(share: float) -> tuple[float, ...]:
    """From the colour of latents to that of samples."""
    from matplotlib.colors import to_rgb

    pairs = zip(to_rgb(LATENT), to_rgb(SAMPLED), strict=True)
    return tuple((1 - share) * a + share * b for a, b in pairs)


def panel(axes: Axes, title: str) -> None:
    """An empty sheet with a title."""
    axes.set(xlim=(-HALF_WIDTH, HALF_WIDTH), ylim=(-HALF_HEIGHT, HALF_HEIGHT), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11, fontweight="bold", loc="center")


def draw(sheet: Figure, flow: Flow, generator: torch.Generator) -> None:
    """Above, the density after each step, with the base's circles; below, points on their way."""
    z = flow.base.sample((DOTS,), generator=generator)
    with torch.no_grad():
        dots = [step.value for step in flow.steps(z=z)]
        lines = [step.value for step in flow.steps(z=rings())]
    rows = sheet.subplots(2, len(TITLES))
    for k, title in enumerate(TITLES):
        colour = mixed(k / len(flow))
        above, below = rows[:, k]
        panel(above, title)
        panel(below, "")
        values = density(flow.upto(k))
        box = (-HALF_WIDTH, HALF_WIDTH, -HALF_HEIGHT, HALF_HEIGHT)
        above.imshow(
            values**0.75, origin="lower", extent=box, cmap=shades(DENSITY).resampled(LEVELS)
        )
        for line in lines[k]:
            below.plot(*line.T, color=FAINT, lw=0.5, zorder=1)
        inside = dots[k][dots[k][:, 1].abs() < HALF_HEIGHT - 0.05]  # none is cut in half
        below.scatter(*inside.T, s=1.6, color=colour, lw=0, zorder=2)


def write(sheet: Figure, path: Path) -> None:
    """Save with 256 colours, which is a third of the size and looks the same."""
    from PIL import Image

    full = io.BytesIO()
    sheet.savefig(full, format="png", dpi=DPI)
    palette = Image.open(full).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4)
    palette.save(path, optimize=True)


def main() -> None:
    """Fit, draw, and write the file."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    torch.set_num_threads(1)  # the same picture on every machine, as far as arithmetic allows
    generator = torch.Generator().manual_seed(SEED)
    flow = fitted(moons(10_000, generator))
    with matplotlib.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0, wspace=0)
        sheet = Figure(figsize=(10, 3.75), layout=layout)
        draw(sheet, flow, generator)
        write(sheet, Path(__file__).with_name("picture.png"))


if __name__ == "__main__":
    main()
