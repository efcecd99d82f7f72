"""Row 10: the marginal likelihood of a VAE, and of flows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

import pushforward as pf
from pushforward.lecture.pictures import sheet_of
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import DENSITY, INK, LATENT, SAMPLED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS = (1, 50, 5000)


def _marginal() -> dict[str, Any]:
    from pushforward.lecture.mnist import some_digits

    vae, glow, exact = (pf.load(f"mnist-{name}") for name in ("vae", "glow", "pixels"))
    assert isinstance(vae, pf.VAE)
    x, what = some_digits(4, exact)
    bounds = [pf.vae.importance_bound(vae, x, k).mean() for k in (1, 50, 5000)]
    noised = torch.stack([glow.log_prob(x) for _ in range(50)])  # 50 draws of noise a digit
    log_p = exact.log_prob(x).mean()
    return locals()


def bits(nats: torch.Tensor) -> float:
    """Of a digit's log P, bits for each of its 784 numbers."""
    return -nats.item() / (784 * math.log(2))


def _glows(r: Result) -> list[float]:
    """The bound of one draw of noise, and of fifty."""
    many = r.noised.logsumexp(0) - math.log(len(r.noised))
    return [bits(r.noised.mean()), bits(many.mean())]


def _draw(sheet: Figure, r: Result) -> None:
    axes = sheet.subplot_mosaic(
        [["bounds", "x"], ["bounds", "vae"], ["bounds", "glow"]],
        gridspec_kw={"width_ratios": [1.05, 1]},
    )
    left = axes["bounds"]
    left.plot(DRAWS, [bits(b) for b in r.bounds], "o-", color=LATENT, label="VAE, bound")
    left.plot((1, 50), _glows(r), "s-", color=SAMPLED, label="Glow, bound")
    left.axhline(bits(r.log_p), color=DENSITY, label="pixel by pixel, exact")
    left.set(xscale="log", xlabel="draws", title=f"bits/dim of {len(r.x)} {r.what}")
    left.legend(loc="lower left", bbox_to_anchor=(0, 0.12))
    sheet_of(axes["x"], r.x, 4, "x")
    sheet_of(axes["vae"], r.vae.decode(r.vae.encode(r.x)), 4, "VAE: mean of p(x|z), z from x")
    sheet_of(axes["glow"], r.glow.decode(r.glow.encode(r.x)), 4, "Glow: f(f⁻¹(x))")
    for name in ("x", "vae", "glow"):
        axes[name].spines[:].set_color(INK)


def _numbers(r: Result) -> list[Number]:
    one, fifty, many = (bits(b) for b in r.bounds)
    noise, noises = _glows(r)
    rising = float(one >= fifty >= many)
    return [
        Number("VAE, ELBO (k = 1), a bound, bits/dim", one),
        Number("VAE, k = 50, a bound", fifty),
        Number("VAE, k = 5000, a bound", many),
        Number("the VAE's bounds tighten with k", rising, 1.0, 0.0),
        Number("Glow, one draw of noise, a bound", noise),
        Number("Glow, 50 draws of noise, a bound", noises),
        Number("Glow's tightens too", float(noises <= noise), 1.0, 0.0),
        Number("pixel by pixel, exact", bits(r.log_p)),
    ]


ROWS = [
    Row(
        number=10,
        title="Normalizing flows and the VAE",
        claim=(
            "A VAE's decoder is no bijection: log p(x) is an integral over all z, and what can be "
            "computed is a bound, the tighter the more z are drawn. A flow's log p(x) is one "
            "formula."
        ),
        formula=(
            r"\log p(x) \geq E\,\log\frac{1}{k}\sum_{i=1}^k \frac{p(x, z_i)}{q(z_i | x)}"
            r"\quad\mathrm{or}\quad \log p_Z(f^{-1}(x)) + \log|\det J_{f^{-1}}|"
        ),
        code=_marginal,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Left, bits per dimension against the number of draws: the VAE's bound falls with "
            "the draws, Glow's a little, and the exact figure is a level line. Right, four "
            "digits, what the VAE makes of them, and Glow, which gives them back as they were."
        ),
        caption=(
            "All in one measure, bits for each 8-bit pixel. Glow is exact for pixels with noise "
            "and so a bound for the pixels; the flow of single pixels needs no noise."
        ),
        size=(6.0, 2.9),
        form="png",
        seconds=40,
    ),
]
