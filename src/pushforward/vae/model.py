"""The variational autoencoder: a flow whose one layer is no bijection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pushforward.arguments import bound
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.flows import RECIPES
from pushforward.flows.recipe import positive_sizes, refuse_senseless
from pushforward.nets import ContextScaler
from pushforward.numerics import by_rows
from pushforward.vae import likelihood as laws
from pushforward.vae.autoencoder import Autoencoder
from pushforward.vae.networks import ConvDecoder, ConvEncoder, LinearDecoder, LinearEncoder
from pushforward.vae.posterior import Posterior, posterior_flow
from pushforward.vae.seen import Seen

Likelihood = Literal["logistics", "normal"]


class VAE(Flow):
    """z ~ N(0, I), x ~ p(x|z), with a posterior q(z|x) that is learned beside them.

    Kingma & Welling 2014; Rezende et al. 2014. It has the face of a flow: `pushforward.fit` trains
    it, `save` and `load` keep it. But `log_prob` is the ELBO by one draw of q, in nats: a bound,
    another number each time. Its `terms` are log p(z) - log q(z|x) and log p(x|z). Means over
    draws, and sharper bounds, are `elbo`, `importance_bound` and `annealed_importance` in
    `pushforward.vae`.

    Args:
        shape: (C, H, W) of images, encoded and decoded by networks of convolutions; or (d,) of
            vectors, for which both networks are one linear map.
        latent: length of z.
        hidden: channels of the networks at half the size of an image; vectors have no use for it.
        posterior: q(z|x): "gaussian" (coordinates by themselves), or one pushed through "planar",
            "iaf" or "nsf" layers, all given what the encoder says of x.
        posterior_layers: how many of these layers.
        values: how many whole numbers there are, 0 … values - 1, for "logistics".
        components: of each number's mixture, for "logistics".
        context_features: length of the context vector, 0 for none; both networks are given it.
        likelihood: "logistics", the mass of each whole number under a mixture of logistics
            (Salimans et al. 2017); or "normal" for real ones. Vectors with "normal" are factor
            analysis, whose log p(x) is known.

    Raises:
        ConfigurationError: a size below one, a shape of neither kind, or an unknown word.

    Example:
        >>> vae = VAE((1, 8, 8), latent=4, hidden=8, values=17)
        >>> x = vae.sample((3,))
        >>> x.shape, vae.encode(x).shape, vae.decode(vae.encode(x)).shape, vae.kind
        (torch.Size([3, 1, 8, 8]), torch.Size([3, 4]), torch.Size([3, 1, 8, 8]), 'bound')
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 32,
        hidden: int = 32,
        posterior: Posterior = "gaussian",
        posterior_layers: int = 2,
        values: int = 256,
        components: int = 3,
        context_features: int = 0,
        likelihood: Likelihood = "logistics",
    ) -> None:
        arguments = bound(
            VAE,
            shape,
            latent,
            hidden,
            posterior,
            posterior_layers,
            values,
            components,
            context_features,
            likelihood,
        )
        refuse_senseless(VAE, arguments)
        positive_sizes(latent=latent, hidden=hidden, posterior_layers=posterior_layers)
        size = _event(shape)
        law = _law(likelihood, size, values, components)
        networks = _networks(size, latent, hidden, law.n_params, context_features)
        q = posterior_flow(latent, posterior, posterior_layers, networks[2])
        layer = Autoencoder(networks[0], q, networks[1], law, size, context_features)
        embed = ContextScaler(context_features) if context_features else None
        super().__init__(Normal(latent), layer, embed, context_features)
        self.made_by = {"recipe": "vae", "arguments": arguments}

    @property
    def layer(self) -> Autoencoder:
        """The one layer: networks, posterior and likelihood."""
        layer = self.transform[0]
        assert isinstance(layer, Autoencoder)
        return layer

    def see(self, x: Tensor, context: Tensor | None = None) -> Seen:
        """x (n, *event) and its context (n, c) or (c,), as the encoder sees them.

        Raises:
            ShapeError: shape, dtype or context do not fit.
        """
        embedded = self._accept("x", x, self.event_shape, context)
        if x.ndim != 1 + len(self.event_shape):
            raise ShapeError(
                f"x must have shape (n, {', '.join(map(str, self.event_shape))}), but was given "
                f"shape {tuple(x.shape)}."
            )
        return self.layer.see(x, None if embedded is None else embedded.expand(len(x), -1))

    @torch.no_grad()
    def sample_joint(
        self, n: int, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """z ~ p(z) (n, latent) and x ~ p(x|z) (n, *event): z is an exact draw of p(z|x).

        Raises:
            ShapeError: a context, (n, c) or (c,), that is missing or does not fit.
        """
        z = self.base.sample((n,), None, generator)
        embedded = self._accept("z", z, self.base.event_shape, context)
        return z, self.layer.generate(z, embedded, generator)

    def encode(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """The middle of q(z|x), (*batch, latent): its mean where q is Gaussian.

        Otherwise it is where the posterior's layers put the mean of the Gaussian before them.

        Raises:
            ShapeError: as `log_prob`.
        """
        context = self._accept("x", x, self.event_shape, context)

        def middle(x: Tensor, context: Tensor | None) -> tuple[Tensor]:
            seen = self.layer.see(x, context)
            start = x.new_zeros(len(x), *self.base.event_shape)
            return (seen.posterior.decode(start, seen.features),)

        return by_rows(middle, x, len(self.event_shape), context)[0]

    def decode(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """The mean of p(x|z), (*batch, *event): no draw of it, which is what `sample` gives.

        Raises:
            ShapeError: as `log_prob`.
        """
        context = self._accept("z", z, self.base.event_shape, context)

        def mean(z: Tensor, context: Tensor | None) -> tuple[Tensor]:
            return (self.layer.mean(z, context),)

        return by_rows(mean, z, 1, context)[0]


RECIPES["vae"] = VAE


def _event(shape: Sequence[int]) -> torch.Size:
    """(C, H, W) or (d,).

    Raises:
        ConfigurationError: another number of sizes, or one below one.
    """
    sizes = list(shape) if isinstance(shape, list | tuple) else []
    if len(sizes) not in (1, 3):
        raise ConfigurationError(
            "shape must be (C, H, W) of images, such as (1, 28, 28), or (d,) of vectors, but is "
            f"{shape!r}."
        )
    positive_sizes(**{f"shape[{i}]": size for i, size in enumerate(sizes)})
    return torch.Size(sizes)


def _law(name: str, shape: torch.Size, values: int, components: int) -> laws.Likelihood:
    """The likelihood by its name.

    Raises:
        ConfigurationError: another word, or a size that is too small.
    """
    if name == "logistics":
        return laws.Logistics(values, components)
    if name == "normal":
        return laws.Normal(shape)
    raise ConfigurationError(f'likelihood must be "logistics" or "normal", but is {name!r}.')


def _networks(
    shape: torch.Size, latent: int, hidden: int, n_params: int, context_features: int
) -> tuple[ConvEncoder | LinearEncoder, ConvDecoder | LinearDecoder, int]:
    """The encoder, the decoder, and how many features the encoder gives."""
    if len(shape) == 1:
        features, width = shape[0], 2 * latent
        return (
            LinearEncoder(features, width, context_features),
            LinearDecoder(latent, features, n_params, context_features),
            width,
        )
    width = 2 * hidden
    return (
        ConvEncoder(shape, hidden, width, context_features),
        ConvDecoder(latent, shape, hidden, n_params, context_features),
        width,
    )
