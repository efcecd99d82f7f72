"""Rows 1, 2 and 4: what a flow is, and that a composition of flows is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import (
    between_panels,
    cloud,
    haloed,
    lines,
    mass,
    panel,
    plain,
    rings,
    shade,
    strokes,
)
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import FAINT, INK, LATENT, SAMPLED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _three_questions() -> dict[str, Any]:
    u = torch.randn(6000, 2)
    data = torch.stack([u[:, 0], u[:, 0] ** 2 - 1 + 0.6 * u[:, 1]], dim=1)  # a bent cloud
    flow = pf.flows.nsf(2, layers=2, hidden=(32, 32))
    pf.fit(flow, data, epochs=15)
    log_p, new, z = flow.log_prob(data), flow.sample((800,)), flow.encode(data)
    return locals()


def _draw_three(sheet: Figure, r: Result) -> None:
    dense, fresh, latent = sheet.subplots(1, 3)
    shade(dense, lambda x: r.flow.log_prob(x + torch.tensor([0.0, 1.4])), 3.2)
    panel(dense, 3.2, "how dense is x?")
    centre = (0.0, 1.4)
    panel(fresh, 3.2, "a new x?", centre)
    panel(latent, 3.2, "the z of an x?")
    cloud(fresh, r.new, SAMPLED)
    cloud(latent, r.z[:800], LATENT)
    spots = torch.tensor([[0.0, -1.0], [1.3, 0.7], [-1.3, 2.6]])
    for spot, z, p, name in zip(
        spots, r.flow.encode(spots), r.flow.log_prob(spots).exp(), "abc", strict=True
    ):
        for axes, at, label in (
            (dense, spot - torch.tensor(centre), f"{name}: {p:.3f}"),
            (latent, z, name),
        ):
            left = name == "b" and axes is dense
            axes.plot(*plain(at), "o", ms=4.5, color=INK, zorder=4)
            axes.annotate(
                label,
                plain(at),
                (-5 if left else 5, 2),
                textcoords="offset points",
                ha="right" if left else "left",
                zorder=5,
                **haloed(),
            )


def _numbers_three(r: Result) -> list[Number]:
    # x = (u, u² - 1 + 0.6 v) has |det| = 0.6, so its entropy is known.
    entropy = math.log(2 * math.pi * math.e) + math.log(0.6)
    fresh = r.flow.sample((20_000,))
    back = (r.flow.decode(r.z) - r.data).abs().max().item()
    return [
        Number("mean log p of new points; minus the flow's entropy", _mean(r, fresh)),
        Number(
            "mean log p of the data; minus the true entropy", r.log_p.mean().item(), -entropy, 0.1
        ),
        Number("mean of z", r.z.mean().item(), 0.0, 0.05),
        Number("largest |f(f⁻¹(x)) − x|", back, 0.0, 1e-2),
    ]


def _mean(r: Result, x: torch.Tensor) -> float:
    return r.flow.log_prob(x).mean().item()


def _both_ways() -> dict[str, Any]:
    turn = pf.transforms.Linear([[0.9, 0.5], [-0.5, 0.7]])
    flow = pf.Flow(pf.distributions.Normal(2), [turn, pf.transforms.Tanh()]).double()
    z = torch.randn(600, 2).double()
    x, log_det = flow.transform.forward(z)
    back, log_det_back = flow.transform.inverse(x)
    points_of_three = torch.zeros(5, 3).double()
    return locals()


def _refused(r: Result) -> list[str]:
    said = []
    for call in (
        lambda: r.flow.log_prob(r.points_of_three),
        lambda: pf.Flow(pf.distributions.Normal(3), [r.turn]),
    ):
        try:
            call()
        except pf.errors.PushforwardError as error:
            said.append(f"{type(error).__name__}: {error}")
    return said


def _draw_both(sheet: Figure, r: Result) -> None:
    left, right = sheet.subplots(1, 2, gridspec_kw={"wspace": 0.25})
    grid = lines(3.0, 13).double()
    panel(left, 3.2, "z")
    panel(right, 1.07, "x = f(z)")
    strokes(left, grid, FAINT, 0.5)
    strokes(right, r.flow.decode(grid), FAINT, 0.5)
    cloud(left, r.z, LATENT, 3)
    cloud(right, r.x, SAMPLED, 3)
    between_panels(sheet, left, right, "$f$", "$f^{-1}$")


def _numbers_both(r: Result) -> list[Number]:
    total = (r.log_det + r.log_det_back).abs().max().item()
    return [
        Number("largest |f⁻¹(f(z)) − z|", (r.back - r.z).abs().max().item(), 0.0, 1e-9),
        Number("largest |log|det J_f| + log|det J_f⁻¹||", total, 0.0, 1e-9),
    ]


def _composed() -> dict[str, Any]:
    angle, side = math.pi * torch.rand(6000), torch.randn(6000).sign()
    moons = torch.stack([angle.cos() + side / 2, angle.sin() * side - side / 4], dim=1) * 1.7
    flow = pf.flows.nsf(2, wiring="coupling", layers=4, hidden=(48, 48), scaler="none")
    pf.fit(flow, moons + 0.15 * torch.randn(6000, 2), epochs=30, learning_rate=5e-3)
    z = flow.base.sample((900,))
    steps = flow.steps(z=z)  # z_0, z_1 … z_4, each with log p_k(z_k); flow.upto(k) is p_k
    return locals()


def _draw_composed(sheet: Figure, r: Result) -> None:
    rows = sheet.subplots(2, len(r.steps))
    curves = [step.value for step in r.flow.steps(z=rings())]
    for k, step in enumerate(r.steps):
        above, below = rows[:, k]
        shade(above, r.flow.upto(k).log_prob, 3.2)
        panel(above, 3.2, "$z_0$" if not k else f"$z_{k} = f_{k}(z_{k - 1})$")
        panel(below, 3.2)
        strokes(below, curves[k], FAINT, 0.6)
        last = k == len(r.steps) - 1
        cloud(below, step.value, LATENT if not k else SAMPLED, 2 if last or not k else 1.6)
    rows[0, 0].set_ylabel("density $p_k$")
    rows[1, 0].set_ylabel("the same points")


def _numbers_composed(r: Result) -> list[Number]:
    masses = [
        Number(f"mass of p_{k} in the window", mass(r.flow.upto(k).log_prob, 5.0), 1.0, 0.01)
        for k in range(len(r.steps))
    ]
    last = r.steps[-1]
    gap = (last.log_prob - r.flow.log_prob(last.value)).abs().median().item()
    return [*masses, Number("median |log p by steps − log p at once|", gap, 0.0, 1e-4)]


ROWS = [
    Row(
        number=1,
        title="A latent-variable model: one object, three answers",
        claim=(
            "Behind a complex x stands a simple z. A flow is one object that tells how dense "
            "any x is, draws a new x, and finds the z of an x. Here it learned a bent cloud of "
            "6000 points, whose entropy is known."
        ),
        formula=r"z \sim p_Z,\quad x = f(z),\quad z = f^{-1}(x)",
        code=_three_questions,
        draw=_draw_three,
        numbers=_numbers_three,
        alt=(
            "Three panels: the density as a banana, with three marked points and their densities; "
            "new points with the same shape; and the latents, a round Gaussian cloud, with the "
            "same three points marked."
        ),
        caption="Pink, the density with three points; orange, new points; green, the latents.",
        size=(5.8, 2.15),
        form="png",
        seconds=6,
    ),
    Row(
        number=2,
        title="The map: deterministic, invertible, of one dimension",
        claim=(
            "In a normalizing flow z and x are joined by one map that goes both ways; both are "
            "continuous and have the same dimension. What does not fit is refused with a sentence "
            "that names both shapes."
        ),
        formula=r"X = f(Z),\quad Z = f^{-1}(X),\quad f: R^n \to R^n",
        code=_both_ways,
        draw=_draw_both,
        numbers=_numbers_both,
        says=_refused,
        alt=(
            "A square grid with a green Gaussian cloud, and its image under f: the grid is turned "
            "and bent into a square, with the same points in orange. Arrows go both ways."
        ),
        caption="Every crossing of the grid on the left is one crossing on the right.",
        more=(
            "The two sentences above are the library's own: of log_prob(points_of_three), and of "
            "the same map under a base of three numbers."
        ),
        form="png",
    ),
    Row(
        number=4,
        title="Composition: one small step after another",
        claim=(
            "Maps that can be undone can be chained, and the chain can be undone. Every step has "
            "a density of its own, and both the points and the density can be had after each."
        ),
        formula=(
            r"x = f_K \circ \cdots \circ f_1(z_0),\quad "
            r"\log p_k(z_k) = \log p_{k-1}(z_{k-1}) - \log\left|\det J_{f_k}\right|"
        ),
        code=_composed,
        draw=_draw_composed,
        numbers=_numbers_composed,
        alt=(
            "Five columns. Above, the density after each step: round at first, pulled apart step "
            "by step into two crescents. Below, the same points and circles on their way."
        ),
        caption=(
            "Above, the density after each of four couplings; below, the same points, and the "
            "base's circles, on their way into two moons."
        ),
        size=(8.0, 3.5),
        form="png",
        seconds=14,
    ),
]
