"""log p(x) by annealed importance sampling, and from both sides where x was simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.flows.recipe import positive_sizes
from pushforward.numerics import rows_at_once
from pushforward.vae.hmc import Place, Start, Way, hamiltonian
from pushforward.vae.model import VAE

WANTED = 0.65  # share of trajectories that should be accepted (Neal 2011, section 5.4.4)
FIRST_STEP, MENDING = 0.5, 0.5  # the pilot's first step, and how fast its logarithm is mended
PILOTS = 4  # chains of the pilot
STEEPNESS = 4.0  # of the temperatures, which are dense at both ends (Wu et al. 2017, section 2.3)


@dataclass(frozen=True)
class Annealing:
    """How to anneal.

    Attributes:
        temperatures: how many steps from the start to p(z|x).
        chains: for each x, two or more.
        leapfrog: steps of a trajectory; there is one trajectory at each temperature.
        start: "posterior" for q(z|x), or "prior" for p(z), which does not rely on q.
        chunk: how many chains are computed at a time; by the size of x where None.

    Raises:
        ConfigurationError: a size that is too small, or another start.
    """

    temperatures: int = 200
    chains: int = 16
    leapfrog: int = 5
    start: Start = "posterior"
    chunk: int | None = None

    def __post_init__(self) -> None:
        positive_sizes(
            temperatures=self.temperatures,
            chains=self.chains,
            leapfrog=self.leapfrog,
            chunk=1 if self.chunk is None else self.chunk,
        )
        if self.chains < 2:
            raise ConfigurationError("chains must be at least 2, to tell how far they differ.")
        if self.start not in ("posterior", "prior"):
            raise ConfigurationError(
                f'start must be "posterior" or "prior", but is {self.start!r}.'
            )

    def samples_at_once(self, x: Tensor) -> int:
        """How many of x are annealed at a time."""
        chunk = rows_at_once(x) if self.chunk is None else self.chunk
        return max(chunk // self.chains, 1)

    def betas(self) -> list[float]:
        """From 0 to 1, one more than there are temperatures."""
        ends = torch.linspace(-STEEPNESS, STEEPNESS, self.temperatures + 1).double().sigmoid()
        return ((ends - ends[0]) / (ends[-1] - ends[0])).tolist()


@dataclass(frozen=True)
class Annealed:
    """What annealing says of n samples.

    Attributes:
        log_prob: log of the mean weight (n), nats: a lower bound of log p(x), on average.
        error: its standard error (n), nats, by the spread of the weights, to first order.
        acceptance: share of trajectories that were accepted.
    """

    log_prob: Tensor
    error: Tensor
    acceptance: float


@dataclass(frozen=True)
class Bracket:
    """log p(x) of n simulated samples between two bounds: how far annealing is off.

    Attributes:
        x: (n, *event), drawn of the model.
        lower, upper: bounds, on average, of log p(x), (n), nats.
        gap: the mean of upper - lower, nats, and `error` its standard error.
    """

    x: Tensor
    lower: Tensor
    upper: Tensor
    gap: float
    error: float


@torch.no_grad()
def annealed_importance(
    vae: VAE,
    x: Tensor,
    plan: Annealing | None = None,
    context: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Annealed:
    """log p(x) by annealed importance sampling with Hamiltonian transitions.

    Neal 2001; Wu et al. 2017. The mean weight is p(x) on average, whatever the plan; with more
    temperatures it varies less. A pilot of a few chains finds the length of the leapfrog steps,
    which the run that counts does not change: else its mean would be off.

    Args:
        vae: the model.
        x: (n, *event).
        plan: temperatures, chains and so on; `Annealing()` where None.
        context: (n, c) or (c,), where one is taken.
        generator: of all draws; torch's own where None.

    Raises:
        ShapeError: x or context do not fit.

    Example:
        >>> vae = VAE((3,), latent=1, likelihood="normal")
        >>> found = annealed_importance(vae, torch.zeros(2, 3), Annealing(20, chains=4))
        >>> found.log_prob.shape, found.error.shape
        (torch.Size([2]), torch.Size([2]))
    """
    plan = Annealing() if plan is None else plan
    seen = vae.see(x, context)
    size = plan.samples_at_once(x)
    parts = []
    for first in range(0, len(x), size):
        way = Way(seen.part(first, first + size), plan.start)
        parts.append(_forward(way, plan, _pilot(way, plan, generator), generator))
    weights = torch.cat([log_weights for log_weights, _ in parts], 1)
    accepted = sum(chance * log_weights.shape[1] for log_weights, chance in parts) / len(x)
    return Annealed(_log_mean(weights), _error(weights), float(accepted))


@torch.no_grad()
def bdmc_gap(
    vae: VAE,
    n: int,
    plan: Annealing | None = None,
    context: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Bracket:
    """Bidirectional Monte Carlo: both bounds of log p(x) for n draws x of the model.

    Grosse et al. 2015. Of a draw x ~ p(x|z) its own z is an exact draw of p(z|x). Annealed from
    there to the start, weights are 1/p(x) on average: minus the logarithm of their mean is an
    upper bound on average, beside the lower one of `annealed_importance`.

    Args:
        n: how many draws.

    Other arguments as `annealed_importance`.

    Raises:
        ShapeError: the context does not fit.
        ConfigurationError: n below one.

    Example:
        >>> vae = VAE((3,), latent=1, likelihood="normal")
        >>> bdmc_gap(vae, 5, Annealing(20, chains=4)).upper.shape
        torch.Size([5])
    """
    plan = Annealing() if plan is None else plan
    positive_sizes(n=n)
    z, x = vae.sample_joint(n, context, generator)
    seen = vae.see(x, context)
    size = plan.samples_at_once(x)
    lower, upper = [], []
    for first in range(0, n, size):
        way = Way(seen.part(first, first + size), plan.start)
        steps = _pilot(way, plan, generator)
        lower.append(_log_mean(_forward(way, plan, steps, generator)[0]))
        truth = way.at(way.pull(z[first : first + size]).expand(plan.chains, -1, -1))
        back, _ = _anneal(way, truth, plan.betas()[::-1], steps[::-1], plan, generator)
        upper.append(-_log_mean(back))
    low, high = torch.cat(lower), torch.cat(upper)
    gaps = high - low
    error = gaps.std().item() / math.sqrt(n) if n > 1 else math.inf
    return Bracket(x, low, high, gaps.mean().item(), error)


def _forward(
    way: Way, plan: Annealing, steps: list[Tensor], generator: torch.Generator | None
) -> tuple[Tensor, float]:
    """Log-weights (chains, n) from the start to p(z|x), and the share of accepted trajectories."""
    return _anneal(way, way.begin(plan.chains, generator), plan.betas(), steps, plan, generator)


def _anneal(
    way: Way,
    place: Place,
    betas: list[float],
    steps: list[Tensor],
    plan: Annealing,
    generator: torch.Generator | None,
) -> tuple[Tensor, float]:
    """Log-weights (chains, n) along `betas`, with steps (n) at each that has one on both sides."""
    log_weights, accepted = torch.zeros_like(place.gap), 0.0
    for i, (beta, following) in enumerate(pairwise(betas)):
        log_weights = log_weights + (following - beta) * place.gap
        if i < len(steps):
            place, chance = hamiltonian(way, place, following, steps[i], plan.leapfrog, generator)
            accepted += chance.mean().item() / len(steps)
    return log_weights, accepted


def _pilot(way: Way, plan: Annealing, generator: torch.Generator | None) -> list[Tensor]:
    """The length of a leapfrog step for each x (n), at each temperature between the ends."""
    place = way.begin(min(PILOTS, plan.chains), generator)
    step = torch.full_like(place.gap[0], FIRST_STEP)
    steps = []
    for beta in plan.betas()[1:-1]:
        place, chance = hamiltonian(way, place, beta, step, plan.leapfrog, generator)
        step = step * (MENDING * (chance.mean(0) - WANTED)).exp()
        steps.append(step)
    return steps


def _log_mean(log_weights: Tensor) -> Tensor:
    """(chains, n) -> (n)."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def _error(log_weights: Tensor) -> Tensor:
    """The standard error of `_log_mean`, (n)."""
    weights = (log_weights - log_weights.amax(0)).exp()
    return weights.std(0) / weights.mean(0) / math.sqrt(len(weights))
