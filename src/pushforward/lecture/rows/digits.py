"""Rows 8 and 9: flows of handwritten digits, and samples of Glow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import plain, sheet_of
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, few_ticks
from pushforward.storage import read_config

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _digits() -> dict[str, Any]:
    from pushforward.lecture.mnist import some_digits

    exact, glow = pf.load("mnist-pixels"), pf.load("mnist-glow")
    x, what = some_digits(64, exact)
    bits = -exact.log_prob(x) / (784 * math.log(2))  # of P(x): no noise, no bound
    new = exact.sample((16,))
    z = glow.encode(x)
    way = glow.decode(torch.lerp(z[:1], z[1:2], torch.linspace(0, 1, 8)[:, None]))
    return locals()


def _draw_digits(sheet: Figure, r: Result) -> None:
    axes = sheet.subplot_mosaic(
        [["real", "new", "bits"], ["way", "way", "way"]],
        gridspec_kw={"height_ratios": [2, 1], "width_ratios": [1, 1, 1.2]},
    )
    sheet_of(axes["real"], r.x[:16], 4, f"x: {r.what}")
    sheet_of(axes["new"], r.new, 4, "samples")
    sheet_of(axes["way"], r.way, 8, "from one digit to another through Glow's latents")
    axes["bits"].hist(plain(r.bits), bins=16, color=DENSITY)
    axes["bits"].set(title="bits/dim, exact", ylabel="digits")
    few_ticks(axes["bits"], 4, 4)


def stated(name: str) -> float:
    """The held-out bits/dim that a shipped model states."""
    images = read_config(name).images
    assert images is not None
    assert images.heldout is not None
    return images.heldout.mean


def _numbers_digits(r: Result) -> list[Number]:
    whole = (r.exact.decode(r.exact.encode(r.x[:8])) - r.x[:8]).abs().max()
    glow = (r.glow.decode(r.z) != r.x).float().mean()  # noise next to an edge may round across
    return [
        Number("bits/dim of these digits, exact", r.bits.mean().item()),
        Number("bits/dim of 6,000 digits held out of the training", stated("mnist-pixels")),
        Number("max |f(f⁻¹(x)) − x|, pixel by pixel", whole.item(), 0.0, 0.0),
        Number("share of pixels with f(f⁻¹(x)) ≠ x, Glow", glow.item(), 0.0, 1e-3),
    ]


def _glow() -> dict[str, Any]:
    glow, z = pf.load("mnist-glow"), torch.randn(8, 784)
    warm = [glow.decode(t * z) for t in (0.5, 0.7, 0.85, 1.0)]
    x = (200 * torch.rand(32, 3, 1, 1) + 20 * torch.rand(32, 3, 32, 32)).floor()  # flat colours
    colour = pf.flows.glow((3, 32, 32), levels=3, steps=2, hidden=16)
    before = pf.fit(colour, x, epochs=1, batch_size=8).nll
    after = pf.fit(colour, x, epochs=8, batch_size=8).nll
    return locals()


def _draw_glow(sheet: Figure, r: Result) -> None:
    rows = sheet.subplots(4, 1)
    for axes, images, t in zip(rows, r.warm, ("0.5", "0.7", "0.85", "1"), strict=True):
        sheet_of(axes, images, 8, "")
        axes.set_ylabel(f"T = {t}", rotation=0, ha="right", va="center")


def _numbers_glow(r: Result) -> list[Number]:
    again = (r.colour.decode(r.colour.encode(r.x)) != r.x).float().mean()
    layers = [type(layer).__name__ for layer in r.glow.transform.modules()]
    return [
        Number("bits/dim of 6,000 digits held out of the training, a bound", stated("mnist-glow")),
        Number("invertible 1×1 convolutions", float(layers.count("Conv1x1")), 16.0, 0.0),
        Number("numbers of its latent", float(r.glow.base.event_shape.numel()), 784.0, 0.0),
        Number("3×32×32: share of pixels with f(f⁻¹(x)) ≠ x", again.item(), 0.0, 1e-3),
        Number("3×32×32: nats gained in 8 epochs", r.before - r.after),
        Number("3×32×32: is that a gain?", float(r.after < r.before), 1.0, 0.0),
    ]


ROWS = [
    Row(
        number=8,
        title="Example: MNIST",
        claim=(
            "An image of 28×28 pixels is a point of R⁷⁸⁴, and a flow can learn where digits lie: "
            "it says how probable a digit is, draws new ones, and takes each to a latent and back."
        ),
        formula=r"-\log_2 P(x)\,/\,784\ \mathrm{bits/dim}",
        code=_digits,
        draw=_draw_digits,
        numbers=_numbers_digits,
        alt=(
            "Left, sixteen digits that were given; middle, sixteen that the flow drew. Right, a "
            "histogram of bits per dimension. Below, eight digits that turn one into another."
        ),
        caption=(
            "The first flow takes pixels one after another and gives each 8-bit image an exact "
            "probability. The way between two digits is a straight line of Glow's latents."
        ),
        size=(6.0, 3.9),
        form="png",
        more=(
            "Both models come with the package. Without a way to MNIST the digits are samples, and "
            "the figures are of these."
        ),
        seconds=20,
    ),
    Row(
        number=9,
        title="Samples from the Glow model",
        claim=(
            "Glow stacks steps of three layers, actnorm, an invertible 1×1 convolution and an "
            "affine coupling, squeezes pixels into channels between scales and splits half of "
            "them off. Latents drawn with less spread give cleaner and less varied images."
        ),
        formula=r"x = f(T\,z),\quad z \sim N(0, I)",
        code=_glow,
        draw=_draw_glow,
        numbers=_numbers_glow,
        alt=(
            "Four rows of eight digits, the same latents in each, drawn at temperatures 0.5, "
            "0.7, 0.85 and 1: strokes become bolder and more ragged downwards."
        ),
        caption="Each column is one z, at four temperatures T.",
        size=(5.4, 3.0),
        form="png",
        more=(
            "The same recipe builds for colour images of 3×32×32; here it takes a few steps on "
            "flat colours, only to show that it trains."
        ),
        seconds=20,
    ),
]
