"""Where a marginal likelihood is known: factor analysis."""

from __future__ import annotations

import torch
from torch.distributions import MultivariateNormal

from pushforward.errors import ConfigurationError
from pushforward.vae.likelihood import Normal
from pushforward.vae.model import VAE


@torch.no_grad()
def factor_analysis(vae: VAE) -> MultivariateNormal:
    """The law of x of an autoencoder of vectors with the likelihood "normal", exactly.

    x = mean + A·z + noise, so that it is normal, of covariance A·Aᵀ + diag(scale²): what every
    bound of log p(x) can be held to.

    Raises:
        ConfigurationError: its decoder is not linear, or its noise not normal.

    Example:
        >>> vae = VAE((3,), latent=1, likelihood="normal")
        >>> factor_analysis(vae).log_prob(torch.zeros(2, 3)).shape
        torch.Size([2])
    """
    if len(vae.event_shape) != 1 or not isinstance(vae.layer.likelihood, Normal):
        raise ConfigurationError(
            'log p(x) is known of autoencoders of vectors with likelihood="normal" alone.'
        )
    latent = vae.base.event_shape[0]
    mean = vae.decode(torch.zeros(latent, dtype=vae.dtype))
    columns = vae.decode(torch.eye(latent, dtype=vae.dtype)) - mean
    noise = vae.layer.likelihood.scale.square().diag()
    return MultivariateNormal(mean, columns.t() @ columns + noise)
