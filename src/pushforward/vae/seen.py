"""Samples once the encoder has seen them: what every bound on their log-likelihood asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pushforward.flow import Flow
from pushforward.numerics import full_precision
from pushforward.vae.likelihood import Likelihood


@dataclass(frozen=True)
class Seen:
    """x (n, *event), and what the encoder made of it.

    Attributes:
        posterior: q(z|x), conditioned on features.
        decode: z (m, latent), context (m, c) -> parameters (m, *event, P) of p(x|z).
        likelihood: p(x|z), given these.
        x: (n, *event).
        features: (n, width).
        context: (n, c), or None.
    """

    posterior: Flow
    decode: Callable[[Tensor, Tensor | None], Tensor]
    likelihood: Likelihood
    x: Tensor
    features: Tensor
    context: Tensor | None

    def draw(
        self, shape: Sequence[int] = (), generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """z ~ q(z|x), (*shape, n, latent), and log q(z|x), (*shape, n), nats."""
        return self.posterior.sample_and_log_prob(shape, self.features, generator)

    def push(self, e: Tensor) -> tuple[Tensor, Tensor]:
        """z = T(ε) of q's own ε (*shape, n, latent), and log|det ∂z/∂ε|, (*shape, n), nats."""
        return self.posterior.transform(e, self.features)

    def log_q(self, z: Tensor) -> Tensor:
        """log q(z|x) of z (*shape, n, latent), (*shape, n), nats."""
        return self.posterior.log_prob(z, self.features)

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) of z (*shape, n, latent), (*shape, n), nats."""
        shape = z.shape[:-1]
        context = self.context
        if context is not None:
            context = context.expand(*shape, -1).reshape(shape.numel(), -1)
        x = self.x.expand(*shape, *self.x.shape[1:]).reshape(-1, *self.x.shape[1:])
        params = self.decode(z.reshape(shape.numel(), -1), context)
        with full_precision(z):
            return self.likelihood.log_prob(params, x).reshape(shape)

    def part(self, first: int, last: int) -> Seen:
        """The samples first … last - 1."""
        context = None if self.context is None else self.context[first:last]
        return replace(
            self, x=self.x[first:last], features=self.features[first:last], context=context
        )
