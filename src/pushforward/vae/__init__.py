"""The variational autoencoder beside the flows, and bounds on what it says of log p(x)."""

from pushforward.vae.annealing import (
    Annealed,
    Annealing,
    Bracket,
    annealed_importance,
    bdmc_gap,
)
from pushforward.vae.bounds import elbo, importance_bound
from pushforward.vae.model import VAE
from pushforward.vae.truth import factor_analysis

__all__ = [
    "VAE",
    "Annealed",
    "Annealing",
    "Bracket",
    "annealed_importance",
    "bdmc_gap",
    "elbo",
    "factor_analysis",
    "importance_bound",
]
