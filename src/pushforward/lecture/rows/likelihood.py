"""Row 11: training by maximum likelihood, with its two terms apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import plain
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, FAINT, INK, LATENT, REAL, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _maximum_likelihood() -> dict[str, Any]:
    table = pf.datasets.load("breast_cancer").select(["mean smoothness", "mean compactness"])
    data = torch.tensor([column.to_pylist() for column in table.columns]).T  # 569 tumours
    flow = pf.flows.maf(2, layers=3, hidden=(32, 32), scaler="none")  # starts as x = z
    history = pf.fit(flow, data, epochs=120, batch_size=128, learning_rate=3e-3).history
    terms = [(e["train"]["nll_base"], e["train"]["nll_log_det"]) for e in history]
    return locals()


def _falling(axes: Axes, r: Result) -> None:
    base, log_det = torch.tensor(r.terms).t()
    epochs = torch.arange(1, len(base) + 1)
    axes.axhline(0, color=FAINT, lw=0.7)
    for values, colour, label, at, up in (
        (base, LATENT, "−log p$_Z$(f⁻¹(x))", 100, 5),
        (base + log_det, INK, "NLL, the sum", 100, 5),
        (log_det, DENSITY, "−log|det ∂f⁻¹/∂x|", 100, -13),
    ):
        axes.plot(epochs, values, color=colour)
        axes.annotate(
            label,
            (at, float(values[-1])),
            (0, up),
            textcoords="offset points",
            ha="right",
            color=colour,
        )
    axes.set(xlabel="epoch", ylabel="nats per row", xscale="log", title="the two terms")
    axes.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    axes.set_ylim(-10, None)


def _density(axes: Axes, r: Result) -> None:
    low, high = (0.05, 0.0), (0.17, 0.36)
    sides = [torch.linspace(a, b, 140) for a, b in zip(low, high, strict=True)]
    points = torch.stack(torch.meshgrid(*sides, indexing="xy"), -1)
    values = r.flow.log_prob(points.reshape(-1, 2)).exp().reshape(140, 140)
    axes.imshow(
        plain(values**0.75),
        origin="lower",
        extent=(low[0], high[0], low[1], high[1]),
        cmap=shades(DENSITY),
        aspect="auto",
        interpolation="bilinear",
    )
    x, y = plain(r.data.t())
    axes.scatter(x, y, s=4, color=REAL, lw=0, alpha=0.7)
    axes.set(xlabel="mean smoothness", ylabel="mean compactness", title="data and density")
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_xticks([0.05, 0.1, 0.15])
    axes.set_yticks([0, 0.1, 0.2, 0.3])


def _draw(sheet: Figure, r: Result) -> None:
    left, right = sheet.subplots(1, 2)
    _falling(left, r)
    _density(right, r)


def _numbers(r: Result) -> list[Number]:
    judged = [e["train"]["nll"] for e in r.history]
    gaussian = 0.5 * torch.logdet(
        2 * math.pi * math.e * torch.cov(r.data.double().t(), correction=0)
    )
    base, log_det = r.terms[-1]
    prior, volume = r.flow.terms(r.data)
    apart = (prior + volume - r.flow.log_prob(r.data)).abs().max().item()
    return [
        Number("NLL of a Gaussian, nats per row", gaussian.item()),
        Number("NLL after the first epoch", judged[0]),
        Number("NLL after the last epoch", judged[-1]),
        Number("the two terms' sum minus the NLL", base + log_det - judged[-1], 0.0, 1e-6),
        Number("largest |first + second term − log p|", apart, 0.0, 1e-5),
    ]


ROWS = [
    Row(
        number=11,
        title="Maximum likelihood: two terms that pull against each other",
        claim=(
            "The best parameters are those under which the data are most likely. The first term "
            "pulls every z = f⁻¹(x) to where the base is dense; the second pays for every volume "
            "that f⁻¹ spreads out, and so keeps it from pressing all of them into one point. Both "
            "are shown for 569 real tumours (breast cancer, Wisconsin: mean smoothness and mean "
            "compactness of the cell nuclei)."
        ),
        formula=(
            r"\hat\theta = \arg\max_\theta \sum_i \log p_Z\left(f^{-1}(x_i)\right) + "
            r"\log\left|\det\dfrac{\partial f^{-1}}{\partial x}(x_i)\right|"
        ),
        code=_maximum_likelihood,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Left, the NLL and its two terms against the epoch: the first term starts at 1.8 and "
            "rises to 2.8, the second falls from 0 to about −7.6, and their sum falls to −4.8. "
            "Right, the fitted density over the data, a cloud that leans to the right."
        ),
        caption=(
            "NLL, the negative log-likelihood, is in nats per row: less is better. The data are "
            "small numbers, all near z = 0 at first: the fit gives up some of the first term to "
            "win much more of the second."
        ),
        more="An NLL may be negative, and that is no error: a density may exceed one.",
        size=(5.8, 2.7),
        form="png",
        seconds=5,
    ),
]
