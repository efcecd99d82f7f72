"""Row 7: several families of flows, each fitted to several clouds in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pushforward as pf
from pushforward.lecture.clouds import CLOUDS, Cloud
from pushforward.lecture.pictures import lines, mesh, panel, plain, shade
from pushforward.lecture.row import Number, Result, Row
from pushforward.pages.theme import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HALF = 3.3
FAMILIES = ("realnvp", "maf", "nsf")


def _fitted() -> dict[str, Any]:
    from pushforward.lecture.clouds import CLOUDS  # moons, rings, eight Gaussians

    flows = {}
    for cloud, points in ((name, c.sample(8000)) for name, c in CLOUDS.items()):
        for make in (pf.flows.realnvp, pf.flows.maf, pf.flows.nsf):
            flow = make(2, layers=5, hidden=(48, 48), activation="silu")
            flows[cloud, make.__name__] = pf.fit(flow, points, epochs=30, learning_rate=8e-3).flow
    return locals()


def divergence(cloud: Cloud, flow: pf.Flow, size: int = 180) -> float:
    """KL(p‖q) in nats, from a cloud to a flow, by the midpoint rule over a square."""
    half = 3.6
    step = 2 * half / size
    points = mesh(half - step / 2, size)
    log_p = cloud.log_prob(points).double()
    gap = log_p.exp() * (log_p - flow.log_prob(points).double())
    return gap.sum().item() * step**2


def before(cloud: Cloud) -> pf.Flow:
    """A flow that has seen only the mean and spread of a cloud."""
    points = cloud.centres
    spread = (points.var(0, correction=0) + cloud.spread**2).sqrt()
    return pf.Flow(pf.distributions.Normal(2), pf.transforms.Affine(points.mean(0), spread))


def _with_grid(axes: Axes, flow: pf.Flow) -> None:
    """The density, and over it the image of a square grid of latents."""
    shade(axes, flow.log_prob, HALF, 150)
    panel(axes, HALF)
    for curve in plain(flow.decode(lines(2.0, 9, 161))):
        axes.plot(*curve.T, color=INK, lw=0.45, alpha=0.55)


def divergences(r: Result) -> dict[tuple[str, str], float]:
    """The KL of every flow by cloud and family, "before" among them; computed once."""
    if not hasattr(r, "kl"):
        r.kl = {}
        for name, cloud in CLOUDS.items():
            r.kl[name, "before"] = divergence(cloud, before(cloud))
            r.kl |= {(name, f): divergence(cloud, r.flows[name, f]) for f in FAMILIES}
    found: dict[tuple[str, str], float] = r.kl
    return found


def _draw(sheet: Figure, r: Result) -> None:
    rows = sheet.subplots(len(CLOUDS), 2 + len(FAMILIES))
    for i, (name, cloud) in enumerate(CLOUDS.items()):
        shade(rows[i, 0], cloud.log_prob, HALF, 150)
        panel(rows[i, 0], HALF)
        rows[i, 0].set_ylabel(cloud.name)
        flows = {"before": before(cloud), **{f: r.flows[name, f] for f in FAMILIES}}
        for axes, (family, flow) in zip(rows[i, 1:], flows.items(), strict=True):
            _with_grid(axes, flow)
            axes.set_xlabel(f"KL {divergences(r)[name, family]:.3f}", fontsize=8, labelpad=2)
            if not i:
                axes.set_title(family, loc="center")
    rows[0, 0].set_title("the truth", loc="center")


def _numbers(r: Result) -> list[Number]:
    return [
        Number(f"KL(p‖q), {CLOUDS[name].name}, {family}", value)
        for (name, family), value in divergences(r).items()
    ]


ROWS = [
    Row(
        number=7,
        title="From a normal to a complex distribution",
        claim=(
            "One base, N(0, I), and three families: affine couplings (realnvp), affine "
            "autoregressive maps (maf) and splines (nsf), each of five layers, fitted to 8000 "
            "points of three clouds whose true density is known."
        ),
        formula=r"\mathrm{KL}(p\,\Vert\,q) = E_p\left[\log p(x) - \log q(x)\right]\ \geq\ 0",
        code=_fitted,
        draw=_draw,
        numbers=_numbers,
        alt=(
            "Three rows: two moons, two rings, eight Gaussians. Columns: the true density, the "
            "start, which is a Gaussian with a straight grid, and the fits of realnvp, maf and "
            "nsf, each with the grid bent by the map. The splines come nearest to the truth."
        ),
        caption=(
            "Pink, the density; black, the image of a square grid of latents. A continuous map "
            "cannot tear: between the modes the grid is stretched thin, and a thread remains."
        ),
        size=(8.0, 5.0),
        form="png",
        seconds=45,
    ),
]
