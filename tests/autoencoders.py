"""Autoencoders in a state that nobody arranged, and truths about small ones."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from pushforward import VAE
from pushforward.transforms.registry import perturb
from specimens import seeded

POSTERIORS = ("gaussian", "planar", "iaf", "nsf")


def perturbed(
    shape: tuple[int, ...], seed: int = 0, posterior_by: float = 0.15, **arguments: Any
) -> VAE:
    """An untrained one in float64, away from its start.

    Args:
        posterior_by: how far q is moved from N(0, I). A q that is far off is a poor proposal: of
            its weights a few decide everything.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = VAE(shape, **arguments)
    posterior = list(vae.layer.posterior.parameters())
    out = vae.layer.posterior.transform[0].conditioner.out
    nn.init.zeros_(out.weight)
    nn.init.zeros_(out.bias)
    before = [p.detach().clone() for p in posterior]
    perturb(vae, seeded(seed))
    with torch.no_grad():
        for p, start in zip(posterior, before, strict=True):
            p.copy_(torch.lerp(start, p, posterior_by))
    return vae.double()


def all_images(height: int, width: int, values: int) -> Tensor:
    """Every image of one channel, (values^(height·width), 1, height, width)."""
    cells = itertools.product(range(values), repeat=height * width)
    return torch.tensor(list(cells), dtype=torch.float64).reshape(-1, 1, height, width)
