"""Row 19: sampling, latents, and the way between two points through the latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.clouds import CLOUDS
from pushforward.lecture.pictures import cloud, panel, plain
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import FAINT, INK, LATENT, SAMPLED, few_ticks
from pushforward.training import seeded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _there_and_back() -> dict[str, Any]:
    from pushforward.lecture.clouds import CLOUDS

    flow = pf.flows.nsf(2, layers=3, hidden=(48, 48))
    pf.fit(flow, CLOUDS["moons"].sample(8000), epochs=25, learning_rate=5e-3)
    x = flow.decode(z := flow.base.sample((1500,)))
    z_again = flow.encode(x)
    ends = flow.encode(torch.tensor([[-2.45, -0.25], [0.75, -0.25]]))  # two tips of one moon
    path = flow.decode(torch.lerp(ends[:1], ends[1:], torch.linspace(0, 1, 101)[:, None]))
    return locals()


def _straight(r: Result) -> torch.Tensor:
    """From one end to the other without the flow."""
    return torch.lerp(r.path[:1], r.path[-1:], torch.linspace(0, 1, 101)[:, None])


def _walk(axes: Axes, points: torch.Tensor, style: str, label: str) -> None:
    axes.plot(*plain(points).T, style, color=INK, lw=1.6, zorder=3, label=label)
    axes.plot(*plain(points[[0, -1]]).T, "o", color=INK, ms=4.5, zorder=4)


def _draw(sheet: Figure, r: Result) -> None:
    left, middle, right = sheet.subplots(1, 3, gridspec_kw={"width_ratios": [1, 1, 1.1]})
    panel(left, 3.3, "z")
    panel(middle, 3.3, "x = f(z)")
    cloud(left, r.z, LATENT, 2)
    cloud(middle, r.x, SAMPLED, 2)
    _walk(left, torch.lerp(r.ends[:1], r.ends[1:], torch.linspace(0, 1, 2)[:, None]), "-", "")
    _walk(middle, r.path, "-", "")
    _walk(middle, _straight(r), ":", "")
    share = torch.linspace(0, 1, 101)
    truth = CLOUDS["moons"]
    right.plot(share, truth.log_prob(r.path), color=INK, label="through z")
    right.plot(share, truth.log_prob(_straight(r)), ":", color=INK, label="straight")
    right.set(xlabel="share of the way", title="true log p on the way")
    right.legend(loc="lower right")
    right.spines["bottom"].set_color(FAINT)
    few_ticks(right, 3, 4)


def _numbers(r: Result) -> list[Number]:
    truth = CLOUDS["moons"]
    return [
        Number("median |f⁻¹(f(z)) − z|", (r.z_again - r.z).abs().median().item(), 0.0, 1e-4),
        Number("mean of the latents of 20,000 data points", _latents(r).mean().item(), 0.0, 0.06),
        Number("their standard deviation", _latents(r).std().item(), 1.0, 0.06),
        Number("least true log p on the way through z", truth.log_prob(r.path).min().item()),
        Number("least true log p on the straight way", truth.log_prob(_straight(r)).min().item()),
    ]


def _latents(r: Result) -> torch.Tensor:
    with seeded(1):
        latents: torch.Tensor = r.flow.encode(CLOUDS["moons"].sample(20_000))
    return latents


ROWS = [
    Row(
        number=19,
        title="Sampling and latents",
        claim=(
            "To sample, draw z and push it through f. To find the latent of an x, go back through "
            "f⁻¹. Between two points of the data the straight line may lead through nowhere; the "
            "straight line between their latents, pushed through f, keeps to where data are."
        ),
        formula=r"z \sim p_Z,\quad x = f(z);\qquad z = f^{-1}(x)",
        code=_there_and_back,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Left, latents and a straight line between two of them. Middle, the samples, two "
            "moons: the line's image follows one moon from tip to tip, while the dotted straight "
            "way cuts across. Right, the true log density along both ways: the straight one falls "
            "deep in the middle."
        ),
        caption=(
            "Solid, the way through the latent space; dotted, straight through the data space."
        ),
        size=(6.0, 2.3),
        form="png",
        seconds=10,
    ),
]
