"""Digits for the rows on images: real ones where they can be had, else a flow's own."""

from __future__ import annotations

import torch
from torch import Tensor

import pushforward as pf
from pushforward.errors import DataError


def some_digits(n: int, flow: pf.Flow) -> tuple[Tensor, str]:
    """n images (n, 1, 28, 28) of bytes, and what they are.

    They are test digits of MNIST, or without a way to them samples of `flow`.
    """
    try:
        images = pf.images.read_images("mnist", part="test", rows=n)
    except DataError:
        return flow.sample((n,), generator=torch.Generator().manual_seed(0)), "samples"
    return torch.from_numpy(images.pixels).to(flow.dtype), "test digits"
