"""The layer between a latent vector and what is seen: p(x|z) one way, q(z|x) the other."""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.errors import ShapeError
from pushforward.flow import Flow
from pushforward.numerics import full_precision
from pushforward.transforms.base import Base, Transform
from pushforward.vae.likelihood import Likelihood
from pushforward.vae.networks import ConvDecoder, ConvEncoder, LinearDecoder, LinearEncoder
from pushforward.vae.seen import Seen


class Autoencoder(Transform):
    """z -> x ~ p(x|z), and back x -> z ~ q(z|x).

    Kingma & Welling 2014; Rezende et al. 2014. It is no bijection but keeps the contract: the
    inverse's log_det is log p(x|z) - log q(z|x), so that log p(z) + log_det is the ELBO by one
    draw, in nats. Its exponential is p(x) on average.

    Args:
        encoder: x and a context -> features.
        posterior: q(z|x), conditioned on features.
        decoder: z and a context -> parameters of `likelihood`.
        likelihood: p(x|z).
        shape: of x, (C, H, W) or (d).
        context_features: length of the context vector, 0 for none.
        generator: where the noise of q comes from; torch's own where None.
    """

    kind = "bound"
    event_ndim_in = 1

    def __init__(
        self,
        encoder: ConvEncoder | LinearEncoder,
        posterior: Flow,
        decoder: ConvDecoder | LinearDecoder,
        likelihood: Likelihood,
        shape: torch.Size,
        context_features: int = 0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.posterior, self.decoder = encoder, posterior, decoder
        self.likelihood, self.shape, self.generator = likelihood, shape, generator
        self.event_ndim_out, self.context_features = len(shape), context_features
        self.codomain = likelihood.codomain

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        if z_shape != self.posterior.event_shape:
            raise ShapeError(
                f"Autoencoder takes latents of shape {tuple(self.posterior.event_shape)}, "
                f"but the event shape is {tuple(z_shape)}."
            )
        return self.shape

    def see(self, x: Tensor, context: Tensor | None = None) -> Seen:
        """What the encoder makes of x (n, *shape) and its context (n, c)."""
        scaled = self.likelihood.scaled(x)
        features = self.encoder(scaled, context).to(x.dtype)
        return Seen(self.posterior, self.params, self.likelihood, x, features, context)

    def params(self, z: Tensor, context: Tensor | None) -> Tensor:
        """The parameters of p(x|z) for z (n, latent) and a context (n, c), (n, *shape, P)."""
        return self.decoder(z, context).to(z.dtype)

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """log p(z) - log q(z|x) and log p(x|z), (*batch) each."""
        rows, given = self._samples(x, context)
        seen = self.see(rows, given)
        z, log_q = seen.draw((), self.generator)
        batch = x.shape[: x.ndim - self.event_ndim_out]
        with full_precision(z):  # whatever the networks compute in
            prior = base.log_prob(z) - log_q
        return prior.reshape(batch), seen.log_likelihood(z).reshape(batch)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        rows, given = self._samples(x, context)
        seen = self.see(rows, given)
        z, log_q = seen.draw((), self.generator)
        batch = x.shape[: x.ndim - self.event_ndim_out]
        log_det = seen.log_likelihood(z) - log_q
        return z.reshape(*batch, -1), log_det.reshape(batch)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x = self.generate(z, context, self.generator)
        rows, given = self._samples(x, context)
        seen, latents = self.see(rows, given), z.reshape(len(rows), -1)
        log_det = seen.log_q(latents) - seen.log_likelihood(latents)
        return x, log_det.reshape(z.shape[:-1])

    def generate(
        self, z: Tensor, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """x ~ p(x|z)."""
        self.accept(z, context)
        x = self.likelihood.draw(self.params(*self._rows(z, context)), generator)
        return x.reshape(*z.shape[:-1], *self.shape)

    def mean(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """The mean of p(x|z), (*batch, *shape)."""
        self.accept(z, context)
        x = self.likelihood.mean(self.params(*self._rows(z, context)))
        return x.reshape(*z.shape[:-1], *self.shape)

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Begin with a decoder that says of each number what is known of all of its channel."""
        self.decoder.start(self.likelihood.initialize(self._samples(x, None)[0], weight))

    def _samples(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(*batch, *shape) and a context as (n, *shape) and (n, c)."""
        self.accept(x, context)
        return self._rows(x, context, self.event_ndim_out)
