"""Real rows pulled back to their latents, against the base they should follow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from pushforward.distributions import Normal
from pushforward.pages.page import figure, grid, section
from pushforward.pages.theme import FAINT, INK, LATENT, few_ticks, picture, without_height
from pushforward.pages.words import Html, paragraph, plural, share
from pushforward.report.marginals import choose
from pushforward.report.measures import (
    bin_edges,
    by_chance,
    ks_normal,
    ks_two,
    robust_range,
    shares,
)
from pushforward.report.rows import SEED, Compared
from pushforward.tables.model import TableModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 200  # of a quantile plot


def latents_section(model: TableModel, rows: Compared) -> Html:
    """A histogram for each of up to twelve latents, and ‖z‖² against χ² for a normal base."""
    title = "Latents against the base"
    if rows.real is None:
        told = "Latents are those of real rows: give the table as well to see them."
        return section(title, paragraph(told, kind="soft"))
    z = model.encode(rows.real, rows.context)
    z = z[np.isfinite(z).all(axis=1)]
    if not len(z):
        return section(title, paragraph("No row has a finite latent.", kind="soft"))
    base = None if is_standard(model) else _base_latents(model, len(z), rows)
    distance: list[float | None] = [
        ks_normal(z[:, j]) if base is None else ks_two(z[:, j], base[:, j])
        for j in range(z.shape[1])
    ]
    chosen, left_out = choose(distance)
    cards = [_card(j, z, base, distance[j]) for j in chosen]
    if base is None:
        cards.append(_radius_card(z))
    drawn = (
        "The latent of a category or of a whole number is drawn from its interval, that of a "
        "missing cell from the base."
        if model.flow.takes_missing
        else None
    )
    return section(title, paragraph(_lead(z, base, distance), drawn, left_out), grid(cards))


def is_standard(model: TableModel) -> bool:
    """Is the base N(0, I)?"""
    base = model.flow.base
    return isinstance(base, Normal) and not bool(base.loc.any() or base.log_scale.any())


def _base_latents(model: TableModel, n: int, rows: Compared) -> np.ndarray:
    """As many latents of the base: the flow of no steps knows how its context enters."""
    assert rows.real is not None
    context = model.tensors(rows.real, rows.context)[1]
    generator = torch.Generator().manual_seed(SEED)
    base = model.flow.upto(0)
    return base.sample((n,) if context is None else (), context, generator).double().numpy()


def _lead(z: np.ndarray, base: np.ndarray | None, distance: list[float | None]) -> str:
    known = [d for d in distance if d is not None]
    worst = int(np.argmax(known))
    chance = by_chance(len(z), None if base is None else len(base))
    above = sum(d > chance for d in known)
    against = "N(0, 1)" if base is None else "the base's own latents"
    return (
        f"Each real row was encoded, z = f⁻¹(x). Were the flow perfect, latents would follow the "
        f"base exactly. Look for filled shapes under the line. The largest KS distance from "
        f"{against} is {known[worst]:.3f}, of z{_index(worst)}; a perfect flow exceeds "
        f"{chance:.3f} once in twenty times, and of these {plural(len(known), 'latent')} {above} "
        f"{'does' if above == 1 else 'do'}."
    )


def _index(j: int) -> str:
    return str(j + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _card(j: int, z: np.ndarray, base: np.ndarray | None, distance: float | None) -> Html:
    against = "N(0, 1)" if base is None else "the base"
    told = f"KS distance {distance:.3f} from {against}"
    return figure(
        picture(lambda f: _draw(f, z[:, j], None if base is None else base[:, j]), 3.1, 1.9),
        f"Histogram of latent {j + 1} of real rows against {against}. {told}.",
        Html(told),
        Html(f"z{_index(j)}"),
    )


def _draw(sheet: Figure, z: np.ndarray, base: np.ndarray | None) -> None:
    axes = sheet.subplots()
    low, high = robust_range(z, base)
    if base is None:
        low, high = min(low, -3.2), max(high, 3.2)
    edges = np.linspace(low, high, len(bin_edges(z, low, high)))
    axes.stairs(shares(z, edges), edges, fill=True, color=LATENT, alpha=0.5)
    if base is None:
        grid_points = np.linspace(low, high, 200)
        density = np.exp(-0.5 * grid_points**2) / math.sqrt(2 * math.pi)
        axes.plot(grid_points, density * (edges[1] - edges[0]), color=INK, lw=1.4)
    else:
        axes.stairs(shares(base, edges), edges, color=INK, lw=1.4)
    axes.set_xlim(low, high)
    without_height(axes)
    few_ticks(axes)


def _radius_card(z: np.ndarray) -> Html:
    """‖z‖² against χ²_d, quantile by quantile, with the band that chance alone explains."""
    d = z.shape[1]
    outside = _outside(z)
    return figure(
        picture(lambda f: _draw_radius(f, z), 3.1, 1.9),
        f"Quantiles of the squared length of latents against those of chi-squared with {d} "
        f"degrees of freedom.",
        Html(
            f"Quantile by quantile; the curve should stay in the band of chance. "
            f"{share(outside)} of rows lie where the farthest 1% should."
        ),
        Html(f"‖z‖² (up) against χ² with {plural(d, 'degree')} of freedom (across)"),
    )


def _outside(z: np.ndarray) -> float:
    """The share of rows beyond the 99% quantile of χ²_d."""
    return float((np.square(z).sum(axis=1) > chi_squared(np.array(0.99), z.shape[1])).mean())


def chi_squared(level: np.ndarray, d: int) -> np.ndarray:
    """Quantiles of χ²_d.

    Example:
        >>> round(float(chi_squared(np.array(0.95), 1)), 3)
        3.841
    """
    from scipy.special import gammaincinv

    return 2 * gammaincinv(d / 2, level)


def _draw_radius(sheet: Figure, z: np.ndarray) -> None:
    from scipy.special import betaincinv

    n, d = z.shape
    evenly = np.linspace(1, n, min(n, POINTS))
    outer = n + 1 - np.geomspace(1, n, min(n, POINTS))  # where a flow goes wrong first
    rank = np.unique(np.concatenate([evenly, outer]).round())
    expected = chi_squared((rank - 0.5) / n, d)
    # The k-th smallest of n uniforms is Beta(k, n + 1 - k): where chance may put the curve.
    low, high = (chi_squared(betaincinv(rank, n + 1 - rank, q), d) for q in (0.025, 0.975))
    observed = np.sort(np.square(z).sum(axis=1))[rank.astype(int) - 1]
    axes = sheet.subplots()
    axes.fill_between(expected, low, high, color=FAINT, alpha=0.35, lw=0)
    axes.plot(expected, expected, color=INK, lw=0.9)
    axes.plot(expected, observed, color=LATENT, lw=2)
    end = float(expected[-1])
    axes.set(xlim=(0, end), ylim=(0, 1.4 * end))
    few_ticks(axes)
