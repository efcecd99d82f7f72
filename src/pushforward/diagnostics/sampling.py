"""Do samples follow a density? By χ² over a quadrature's cells, and by what a step leaves alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pushforward.diagnostics.quadrature import Density, Integral, scores


def cell_pvalue(found: Integral, samples: Tensor, groups: int = 64) -> float:
    """Of fresh samples against the masses of an integral's cells, by χ² over groups of them.

    The samples must not be those that made the cells. Of the few beyond the box nothing is asked.

    Example:
        >>> from pushforward.diagnostics.quadrature import integrate
        >>> from pushforward.distributions import Normal
        >>> base = Normal(1).double()
        >>> found = integrate(base.log_prob, base.sample((4096,)), cells=128)
        >>> cell_pvalue(found, 0.5 * base.sample((4096,))) < 1e-9
        True
    """
    from scipy import stats

    # Neighbours in the tree: every group is a box as well.
    lows = found.cells.low.reshape(groups, -1, samples.shape[1]).amin(1)
    highs = found.cells.high.reshape(groups, -1, samples.shape[1]).amax(1)
    inside = ((samples[:, None] >= lows) & (samples[:, None] < highs)).all(-1)
    counts = inside.sum(0).double()
    mass = found.masses.reshape(groups, -1).sum(1)
    expected = counts.sum() * mass / mass.sum()
    statistic = ((counts - expected).square() / expected).sum().item()
    return float(stats.chi2(groups - 1).sf(statistic))


@torch.no_grad()
def step_pvalue(log_density: Density, samples: Tensor) -> float:
    """Of samples against a density in any dimension: does a step of Metropolis's change them?

    Samples are taken by threes. Each, z, is offered z + γ·(b - c), with b and c the other two, and
    takes it with probability min(1, p'/p): if z follows p, then so does the outcome, whatever p
    and its constant. So the mean change of any function has expectation zero. Asked of log p, of
    every coordinate and its square, and of the sums of these, each squashed; once with a step of
    all coordinates (whose proposals follow any affine map of the samples) and once of a single
    one. The smallest p-value is multiplied by their number (Bonferroni).

    It cannot see a constant factor on the density, modes with wrong shares that no step connects,
    nor dependence between coordinates that leaves all those means as they are.

    Args:
        log_density: points (n, d) -> log p (n).
        samples: (n, d), independent.

    Example:
        >>> from pushforward.distributions import Normal
        >>> base = Normal(100).double()
        >>> step_pvalue(base.log_prob, 1.2 * base.sample((20_000,))) < 1e-6
        True
    """
    third, d = len(samples) // 3, samples.shape[1]
    z = samples[: 3 * third]
    offset = z.roll(third, 0) - z.roll(2 * third, 0)
    before = scores(log_density, z)
    if not bool(before.isfinite().all()):
        return 0.0  # a sample where there is no density
    quarter = z[:10_000].double().quantile(torch.tensor([0.25, 0.5, 0.75]).to(before), dim=0)
    width = torch.where(quarter[2] > quarter[0], quarter[2] - quarter[0], 1.0)
    level, spread = before.median(), before.std().clamp(min=1e-9)

    def features(points: Tensor, log_p: Tensor) -> Tensor:
        odd = torch.tanh((points.double() - quarter[1]) / width)
        even = odd.square()
        height = torch.tanh((log_p - level) / spread)
        return torch.cat([torch.stack([height, odd.sum(1), even.sum(1)], 1), odd, even], 1)

    start = features(z, before)
    single = torch.arange(d, device=z.device) == torch.arange(len(z), device=z.device)[:, None] % d
    steps = [offset * (2.38 / math.sqrt(2 * d))] + [1.68 * offset * single] * (d > 1)
    surprise = []
    for step in steps:
        after = scores(log_density, z + step)
        accept = (after - before).nan_to_num(nan=-math.inf).exp().clamp(max=1.0)
        possible = accept > 0
        moved = features(z + step * possible[:, None], torch.where(possible, after, before))
        change = (accept[:, None] * (moved - start)).reshape(3, third, -1).mean(0)
        error = change.std(0) / math.sqrt(third)
        surprise.append(torch.where(error > 0, change.mean(0).abs() / error, 0.0))
    every = torch.cat(surprise)
    return min(1.0, len(every) * math.erfc(every.max().item() / math.sqrt(2)))
