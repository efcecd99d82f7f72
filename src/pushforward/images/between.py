"""The way between two images through a flow's latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.images.images import Images
from pushforward.images.model import ImageModel

Way = Literal["spherical", "linear"]


@dataclass(frozen=True)
class Between:
    """Images on the way from A to B.

    Attributes:
        pixels: uint8 (steps, C, H, W); the first and last are A and B, decoded again.
        changed: how many numbers of A and B came back otherwise, of each: (2).
    """

    pixels: np.ndarray
    changed: tuple[int, int]


def spherical(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """(sin((1 - t)·ω)·a + sin(t·ω)·b) / sin ω, with ω the angle between a and b.

    White 2016, "Sampling generative networks", section 2.1. A straight way passes through lengths
    that N(0, I) all but never has; this one turns from a to b. Where they are parallel it is
    straight.

    Args:
        a, b: (d).
        share: t (n), from 0 to 1.

    Returns:
        (n, d).

    Example:
        >>> a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
        >>> round(spherical(a, b, torch.tensor([0.5])).norm().item(), 4)
        2.0
    """
    t = share[:, None]
    norms = (a.norm() * b.norm()).clamp_min(torch.finfo(a.dtype).tiny)
    angle = torch.arccos(((a @ b) / norms).clamp(-1, 1))
    if torch.sin(angle) < 1e-3:
        return linear(a, b, share)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def linear(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """(1 - t)·a + t·b, (n, d), for t (n)."""
    t = share[:, None]
    return (1 - t) * a + t * b


def between(
    model: ImageModel,
    a: Images,
    b: Images,
    steps: int = 8,
    path: Way = "spherical",
    seed: int = 0,
) -> Between:
    """Images on the way from a to b, both among them, through the latents of a model.

    A class is passed over on a straight way between the two.

    Args:
        model: of images with a continuous latent of N(0, I).
        a, b: one image each.
        steps: how many images, two at least.
        path: "spherical" or "linear".
        seed: of the noise that is added to whole numbers.

    Raises:
        ConfigurationError: fewer steps than two, or a model without such latents.
        DataError: images that do not fit the model.
    """
    if steps < 2:
        raise ConfigurationError(f"steps must be at least 2, but is {steps}.")
    model.require_latent("A way between two images")
    ends = [model.encode(one, seed)[0] for one in (a, b)]
    share = torch.linspace(0, 1, steps, dtype=ends[0].dtype)
    z = (spherical if path == "spherical" else linear)(ends[0], ends[1], share)
    given = None
    if model.record.classes:
        contexts = [model.context(one.labels) for one in (a, b)]
        assert contexts[0] is not None
        assert contexts[1] is not None
        given = linear(contexts[0][0], contexts[1][0], share)
    pixels = model.decode(z, given)
    before, after = np.concatenate([a.pixels, b.pixels]), pixels[[0, -1]]
    first, last = (before != after).reshape(2, -1).sum(1).tolist()
    return Between(pixels, (first, last))
