"""How far bounds of log p(x) reach: where it is known, and on digits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import pushforward as pf
from pushforward.images import read_images
from pushforward.vae import Annealing, bdmc_gap, elbo, factor_analysis, importance_bound
from pushforward.vae import annealed_importance as annealed

DRAWS = (50, 5000)
DIGITS = 16
PLAN = Annealing(temperatures=100, chains=4)  # of digits


def known(images: int = 200) -> dict[str, Any]:
    """Of a linear autoencoder with normal noise, fitted to the draws of another: nats."""
    torch.manual_seed(0)
    truth = pf.VAE((20,), latent=6, likelihood="normal")
    with torch.no_grad():
        for parameter in truth.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    vae = pf.VAE((20,), latent=6, likelihood="normal")
    pf.fit(vae, truth.sample((2000,)), epochs=1)
    x = truth.sample((images,), generator=torch.Generator().manual_seed(1))
    plan = Annealing(temperatures=100, chains=16)
    return {**bounds(vae, x, plan), "log p": mean(factor_analysis(vae).log_prob(x))}


def digits() -> dict[str, Any]:
    """Of the shipped models, on test digits: nats an image."""
    pixels = read_images("mnist", part="test", rows=DIGITS).pixels
    x = torch.from_numpy(pixels).float()
    vae, glow, exact = (pf.load(f"mnist-{name}") for name in ("vae", "glow", "pixels"))
    assert isinstance(vae, pf.VAE)
    found = bounds(vae, x, PLAN)
    gap = bdmc_gap(vae, 8, PLAN, generator=seeded())
    with torch.no_grad():
        noised = torch.stack([glow.log_prob(x) for _ in range(DRAWS[0])])
        certain = exact.log_prob(x)
    many = noised.logsumexp(0) - torch.tensor(len(noised)).log()
    return {
        **found,
        "BDMC gap on simulated digits": [gap.gap, gap.error],
        "Glow, one draw of noise": mean(noised[0]),
        f"Glow, {len(noised)} draws": mean(many),
        "pixels, exact": mean(certain),
    }


def bounds(vae: pf.VAE, x: Tensor, plan: Annealing) -> dict[str, Any]:
    """Means over x and their standard errors, from the loosest to the sharpest."""
    found = annealed(vae, x, plan, generator=seeded())
    return {
        "ELBO": mean(elbo(vae, x, draws=20, generator=seeded())),
        **{f"IW-{k}": mean(importance_bound(vae, x, k, generator=seeded())) for k in DRAWS},
        "AIS": mean(found.log_prob),
    }


def mean(values: Tensor) -> list[float]:
    """The mean and its standard error."""
    return [values.mean().item(), values.std().item() / len(values) ** 0.5]


def seeded() -> torch.Generator:
    """One generator for each bound."""
    return torch.Generator().manual_seed(0)
