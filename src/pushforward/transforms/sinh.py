"""A sinh that takes far outliers in: nearly the identity in the middle, logarithmic far out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform


class Sinh(Transform):
    """x = c·sinh(z/c), elementwise; z = c·asinh(x/c) grows like c·log(2x/c) far out.

    At the data end of a flow it gives heavy tails a chance: a row 500 deviations away becomes one
    of about 12 for c = 2, which splines and normals can deal with.

    Args:
        c: the size up to which it is nearly the identity.

    Raises:
        ConfigurationError: c is not positive.

    Example:
        >>> z, log_det = Sinh(2.0).inverse(torch.tensor([0.0, 500.0]))
        >>> [round(v, 2) for v in z.tolist()], bool(log_det[0] == 0)
        ([0.0, 12.43], True)
    """

    def __init__(self, c: float = 2.0) -> None:
        super().__init__()
        if not 0 < c < math.inf:
            raise ConfigurationError(f"Sinh needs a positive size, but c={c}.")
        self.c = float(c)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        u = z / self.c
        log_cosh = u.abs() + torch.log1p((-2 * u.abs()).exp()) - math.log(2)
        return self.c * u.sinh(), log_cosh

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        u = x / self.c
        return self.c * u.asinh(), -torch.hypot(u, torch.ones_like(u)).log()
