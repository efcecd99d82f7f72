"""The way from q(z|x), or p(z), to p(z|x), and Hamiltonian steps that keep each law on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pushforward.distributions.normal import standard_log_prob
from pushforward.vae.seen import Seen

Start = Literal["posterior", "prior"]


@dataclass(frozen=True)
class Place:
    """Where the chains are.

    Attributes:
        e: (chains, n, latent).
        gap: log f₁(e) - log f₀(e), (chains, n), nats.
        slope: its gradient, as e.
    """

    e: Tensor
    gap: Tensor
    slope: Tensor

    def log_f(self, beta: float) -> Tensor:
        """log f_β(e), (chains, n)."""
        return standard_log_prob(self.e) + beta * self.gap

    def force(self, beta: float) -> Tensor:
        """Its gradient, as e."""
        return beta * self.slope - self.e


@dataclass(frozen=True)
class Way:
    """f_β = f₀^(1-β)·f₁^β from the start, β = 0, to p(x, z), β = 1, in coordinates of the start.

    These are the ε of z = T(ε): there the start is N(0, I) whatever q is, and f₁ is p(x, T(ε))
    times the Jacobian's determinant, so that nothing need be inverted on the way.

    Attributes:
        seen: the samples x.
        start: "posterior" for q(z|x), "prior" for p(z), where T is the identity.
    """

    seen: Seen
    start: Start = "posterior"

    def begin(self, chains: int, generator: torch.Generator | None) -> Place:
        """So many draws of the start for each x."""
        like = self.seen.x
        latent = self.seen.posterior.event_shape
        shape = (chains, len(like), *latent)
        return self.at(
            torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        )

    def pull(self, z: Tensor) -> Tensor:
        """ε of z (n, latent)."""
        return z if self.start == "prior" else self.seen.posterior.encode(z, self.seen.features)

    def at(self, e: Tensor) -> Place:
        """The place of ε (chains, n, latent)."""
        with torch.enable_grad():
            e = e.detach().requires_grad_()
            z, log_det = (e, 0.0) if self.start == "prior" else self.seen.push(e)
            gap = standard_log_prob(z) + log_det + self.seen.log_likelihood(z)
            gap = gap - standard_log_prob(e)
            (slope,) = torch.autograd.grad(gap.sum(), e)
        return Place(e.detach(), gap.detach(), slope)


def hamiltonian(
    way: Way,
    place: Place,
    beta: float,
    step: Tensor,
    leapfrog: int,
    generator: torch.Generator | None,
) -> tuple[Place, Tensor]:
    """One transition that keeps f_β: a leapfrog trajectory, accepted or not (Neal 2011).

    Args:
        step: length of each leapfrog step, (n).
        leapfrog: how many make a trajectory.

    Returns:
        the place afterwards, and the probability of acceptance (chains, n).
    """
    long = step[:, None]
    like = place.e
    momentum = torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
    energy = standard_log_prob(momentum) + place.log_f(beta)
    end = place
    for _ in range(leapfrog):
        momentum = momentum + 0.5 * long * end.force(beta)
        end = way.at(end.e + long * momentum)
        momentum = momentum + 0.5 * long * end.force(beta)
    change = standard_log_prob(momentum) + end.log_f(beta) - energy
    chance = change.nan_to_num(nan=-torch.inf).clamp(max=0).exp()  # a trajectory that flew off
    u = torch.rand(chance.shape, generator=generator, dtype=chance.dtype, device=chance.device)
    taken = u < chance
    wide = taken[..., None]
    moved = Place(
        torch.where(wide, end.e, place.e),
        torch.where(taken, end.gap, place.gap),
        torch.where(wide, end.slope, place.slope),
    )
    return moved, chance
