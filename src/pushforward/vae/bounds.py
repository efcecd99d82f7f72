"""Lower bounds of log p(x) by draws of q(z|x): the ELBO, and importance weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce

import torch
from torch import Tensor

from pushforward.flows.recipe import positive_sizes
from pushforward.numerics import rows_at_once
from pushforward.vae.model import VAE
from pushforward.vae.seen import Seen


@torch.no_grad()
def elbo(
    vae: VAE,
    x: Tensor,
    context: Tensor | None = None,
    draws: int = 1,
    chunk: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """E_q[log p(x, z) - log q(z|x)], the mean of `draws` draws: a lower bound, on average.

    Kingma & Welling 2014, equation 3. What it lacks is KL(q(z|x) ‖ p(z|x)).

    Args:
        vae: the model.
        x: (n, *event).
        context: (n, c) or (c,), where one is taken.
        draws: of z for each x.
        chunk: how many pairs of x and z are computed at a time; by the size of x where None.
        generator: of the draws; torch's own where None.

    Returns:
        (n), nats.

    Raises:
        ShapeError: x or context do not fit.
        ConfigurationError: draws or chunk below one.

    Example:
        >>> vae = VAE((1, 4, 4), latent=2, hidden=4, values=4)
        >>> elbo(vae, torch.zeros(3, 1, 4, 4), draws=10).shape
        torch.Size([3])
    """
    means = [
        reduce(torch.add, (part.sum(0) for part in parts)) / draws
        for parts in _weights(vae, x, context, draws, chunk, generator)
    ]
    return torch.cat([x.new_zeros(0), *means])


@torch.no_grad()
def importance_bound(
    vae: VAE,
    x: Tensor,
    k: int,
    context: Tensor | None = None,
    chunk: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """log of the mean of k weights p(x, z)/q(z|x): x (n, *event) -> (n), nats.

    Burda et al. 2016, equation 8. The mean weight is p(x) on average, so that its logarithm is a
    lower bound on average; it rises with k, to log p(x). k = 1 is the ELBO by one draw. Memory
    depends on `chunk`, not on k.

    Args:
        k: draws of z for each x.

    Other arguments and errors as `elbo`.

    Example:
        >>> vae = VAE((1, 4, 4), latent=2, hidden=4, values=4)
        >>> importance_bound(vae, torch.zeros(3, 1, 4, 4), k=1000).shape
        torch.Size([3])
    """
    positive_sizes(k=k)
    means = [
        reduce(torch.logaddexp, (part.logsumexp(0) for part in parts)) - math.log(k)
        for parts in _weights(vae, x, context, k, chunk, generator)
    ]
    return torch.cat([x.new_zeros(0), *means])


def _weights(
    vae: VAE,
    x: Tensor,
    context: Tensor | None,
    draws: int,
    chunk: int | None,
    generator: torch.Generator | None,
) -> Iterator[Iterator[Tensor]]:
    """log p(x, z) - log q(z|x), nats, `draws` of each x in all.

    For each block of x the weights, (some, n) at a time.
    """
    most = rows_at_once(x) if chunk is None else chunk
    positive_sizes(draws=draws, chunk=most)
    seen = vae.see(x, context)
    for first in range(0, len(x), most):
        yield _weights_of(vae, seen.part(first, first + most), draws, most, generator)


def _weights_of(
    vae: VAE, seen: Seen, draws: int, chunk: int, generator: torch.Generator | None
) -> Iterator[Tensor]:
    """The same of samples that the encoder has seen, no more than `chunk` of them."""
    size = chunk // len(seen.x)
    for done in range(0, draws, size):
        z, log_q = seen.draw((min(size, draws - done),), generator)
        yield vae.base.log_prob(z) + seen.log_likelihood(z) - log_q
