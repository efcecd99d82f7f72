"""KL(q‖p) of a flow to a density that is known up to its normaliser, by quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pushforward.distributions import Distribution
from pushforward.errors import ConfigurationError
from pushforward.flow import Flow

NODES = 5  # Gauss-Legendre points per side of a cell
CELLS = 48  # a side of the first grid; with it a wall at 4 of a reach of 4.8 falls between cells
CHUNK = 2**15  # points scored at once
SPREAD = 7.0  # standard deviations of a base that has no edges

LogDensity = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Divergence:
    """KL(q‖p), numerical, in nats.

    Attributes:
        kl: the divergence.
        error: how much it changed when the cells were last halved; its own error is smaller.
        log_normaliser: log ∫ exp(log_density) over the square [-reach, reach]^d.
        mass: ∫ of the base over the region that was summed; 1 where nothing is missing.
        points: evaluations of the flow on the finer grid.
    """

    kl: float
    error: float
    log_normaliser: float
    mass: float
    points: int


@torch.no_grad()
def kl_by_quadrature(
    flow: Flow,
    log_density: LogDensity,
    *,
    reach: float | None = None,
    tolerance: float = 1e-3,
    most_cells: int = 384,
) -> Divergence:
    """KL(q‖p) = E_z[log q(f(z)) - log p(f(z))] + log Z, the expectation a sum over the base.

    The sum runs over a grid of the latents, not of the data: there the base's edges are straight,
    no mass can be missed however far the flow sends it, and only the explicit f is needed. The
    cells are halved, those of the normaliser's own grid with them, until that changes little.

    Args:
        flow: of one or two features, without a context. Numbers are computed in its own dtype.
        log_density: x (n, d) -> log p(x) + log Z (n), nats.
        reach: half the side of the square that holds p; the density's own `reach` where it has
            one (as `pushforward.distributions.energies` do), else 8.
        tolerance: the change at which halving stops, nats.
        most_cells: a side, at which it stops anyway; `error` then says how far off it may be.

    Raises:
        ConfigurationError: more than two features, a context, or too few cells.

    Example:
        >>> from pushforward.distributions import Normal
        >>> flow = Flow(Normal(1).double())
        >>> found = kl_by_quadrature(flow, lambda x: -0.5 * (x[:, 0] / 2).square(), reach=16.0)
        >>> round(found.kl, 6), round(math.log(2) - 3 / 8, 6)
        (0.318147, 0.318147)
    """
    if len(flow.event_shape) != 1 or flow.event_shape[0] > 2 or flow.context_features:
        raise ConfigurationError(
            "Quadrature serves flows of one or two features without a context; this one has "
            f"events of shape {tuple(flow.event_shape)} and {flow.context_features} of context."
        )
    if most_cells < 2 * CELLS:
        raise ConfigurationError(f"most_cells must be {2 * CELLS} or more, but is {most_cells}.")
    if reach is None:
        reach = float(getattr(log_density, "reach", 8.0))
    low, high = base_box(flow.base)
    edge = torch.full_like(low, reach)
    cells, before, error = CELLS, math.inf, math.inf
    while True:
        expected, mass = _expectation(flow, log_density, low, high, cells)
        level = log_integral(log_density, -edge, edge, cells)
        error, before = abs(expected + level - before), expected + level
        if error <= tolerance or 2 * cells > most_cells:
            break
        cells *= 2
    return Divergence(before, error, level, mass, (NODES * cells) ** len(low))


def grid(low: Tensor, high: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Nodes (n, d) and weights (n) of a composite Gauss-Legendre rule on the box [low, high].

    Example:
        >>> x, w = grid(torch.zeros(2).double(), torch.ones(2).double(), 2)
        >>> round((w * x.prod(1) ** 2).sum().item(), 12)  # (1/3)²
        0.111111111111
    """
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(NODES))
    starts = torch.arange(cells, dtype=torch.float64)[:, None]
    along = ((starts + 0.5 * (1 + nodes)) / cells).flatten()
    share = (0.5 * weights / cells).repeat(cells)
    d, size = len(low), (high - low).double().cpu()
    points = torch.cartesian_prod(*[along] * d).reshape(-1, d)
    parts = torch.cartesian_prod(*[share] * d).reshape(-1, d).prod(1) * size.prod()
    return (low.double().cpu() + size * points).to(low), parts.to(low.device)


@torch.no_grad()
def log_integral(
    log_density: LogDensity, low: Tensor, high: Tensor, cells: int = 2 * CELLS
) -> float:
    """log ∫ exp(log_density) over the box [low, high], (d) each, by the same rule.

    Example:
        >>> edge = torch.full((2,), 8.0).double()
        >>> level = log_integral(lambda x: -0.5 * x.square().sum(-1), -edge, edge)
        >>> round(math.exp(level) / math.pi, 9)
        2.0
    """
    points, weights = grid(low, high, cells)
    values = torch.cat([log_density(p) for p in points.split(CHUNK)]).double()
    return (values + weights.log()).logsumexp(0).item()


def _expectation(
    flow: Flow, log_density: LogDensity, low: Tensor, high: Tensor, cells: int
) -> tuple[float, float]:
    """E[log q - log p] over the base, and how much of the base's mass it covers."""
    points, weights = grid(low, high, cells)
    total = mass = 0.0
    for z, w in zip(points.split(CHUNK), weights.split(CHUNK), strict=True):
        log_base = flow.base.log_prob(z)
        share = w * log_base.double().exp()
        x, log_det = flow.transform.forward(z)
        gap = (log_base - log_det - log_density(x)).double()
        total += torch.where(share > 0, share * gap, 0.0).sum().item()
        mass += share.sum().item()
    return total / mass, mass


def base_box(base: Distribution) -> tuple[Tensor, Tensor]:
    """The box over which a base is summed, (d) each: its support, or seven deviations each way."""
    generator = torch.Generator().manual_seed(0)
    draws = base.sample((4096,), generator=generator)
    loc, reach = draws.mean(0), SPREAD * draws.std(0)
    low, high = loc - reach, loc + reach
    if hasattr(base, "low") and hasattr(base, "high"):
        return base.low.clone(), base.high.clone()  # type: ignore[operator]
    support = base.support
    return low.clamp(min=support.low), high.clamp(max=support.high)
