"""How near M planar maps bring a simple base to four modes: KL(q‖p) for M = 0, 1, 2, 10.

The divergence is the reverse one: a bounded base, pushed forward by continuous maps, stays bounded,
and KL(p‖q) would be infinite.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pushforward.diagnostics.divergence import kl_by_quadrature
from pushforward.distributions import Distribution, Normal, Uniform
from pushforward.distributions.energies import energy
from pushforward.flow import Flow
from pushforward.flows import planar
from pushforward.training import fit_target, seeded

TARGET = energy("four_modes")
DEPTHS = (0, 1, 2, 10)
BASES = ("normal", "uniform")
SEEDS = (0, 1, 2, 3, 4)
RESTARTS = 4
RATE = 3e-2
CELLS = 192  # a side, at most, of the quadrature


@dataclass(frozen=True)
class DepthFit:
    """One fit: KL(q‖p) by quadrature with the change at its last halving, nats; seconds."""

    base: str
    depth: int
    seed: int
    restart: int
    kl: float
    error: float
    seconds: float


def base_of(name: str) -> Distribution:
    """N(0, I), or the uniform square [-2, 2]²."""
    return Normal(2) if name == "normal" else Uniform(2, -2.0, 2.0)


def planar_flow(base: str, depth: int, seed: int) -> Flow:
    """A flow of `depth` planar maps at the identity, whose directions are drawn from `seed`.

    Example:
        >>> len(planar_flow("uniform", 2, seed=0))
        2
    """
    if depth == 0:
        return Flow(base_of(base))
    with seeded(seed):
        return planar(2, layers=depth, base=base_of(base), scaler="none")


def steps_for(depth: int) -> int:
    """Steps of Adam that suffice: more maps take longer to agree."""
    return 250 if depth <= 2 else 400


def fit_depth(
    base: str, depth: int, seed: int, restart: int = 0, steps: int | None = None
) -> tuple[Flow, DepthFit]:
    """One flow fitted to `TARGET`, in float64 afterwards, and what it came to."""
    number = 1000 * seed + restart
    flow = planar_flow(base, depth, number)
    started = time.perf_counter()
    if depth:
        steps = steps or steps_for(depth)
        fit_target(flow, TARGET, steps=steps, learning_rate=RATE, draws=2, seed=number)
    seconds = time.perf_counter() - started
    found = kl_by_quadrature(flow.double(), TARGET, most_cells=CELLS)
    return flow, DepthFit(base, depth, seed, restart, found.kl, found.error, seconds)


def study(
    bases: Iterable[str] = BASES,
    depths: Iterable[int] = DEPTHS,
    seeds: Iterable[int] = SEEDS,
    restarts: int = RESTARTS,
    steps: int | None = None,
) -> Iterator[DepthFit]:
    """Every fit of the comparison, in turn; without a map there is nothing to restart."""
    bases, seeds = list(bases), list(seeds)
    for depth in depths:
        for base in bases:
            for seed in seeds if depth else seeds[:1]:
                for restart in range(restarts if depth else 1):
                    yield fit_depth(base, depth, seed, restart, steps)[1]


def medians(fits: Iterable[DepthFit]) -> dict[str, dict[int, float]]:
    """KL by base and depth: of each seed its best restart, of the seeds the median.

    Example:
        >>> fits = [DepthFit("normal", 1, s, r, s + r, 0.0, 0.0) for s in range(3) for r in (0, 1)]
        >>> medians(fits)
        {'normal': {1: 1}}
    """
    best: dict[tuple[str, int], dict[int, float]] = {}
    for fit in fits:
        seeds = best.setdefault((fit.base, fit.depth), {})
        seeds[fit.seed] = min(fit.kl, seeds.get(fit.seed, fit.kl))
    result: dict[str, dict[int, float]] = {}
    for (base, depth), seeds in best.items():
        result.setdefault(base, {})[depth] = statistics.median(seeds.values())
    return result
