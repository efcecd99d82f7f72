"""Student's t: a base with heavy tails."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.distributions.base import Distribution
from pushforward.distributions.normal import placed, vector
from pushforward.errors import ConfigurationError


class StudentT(Distribution):
    """Independent Student t coordinates of unit scale.

    Args:
        features: d.
        df: degrees of freedom, one number or d numbers, positive.
        trainable: learn log df.

    Raises:
        ConfigurationError: df that is not positive.

    Example:
        >>> round(StudentT(1, df=1.0).log_prob(torch.zeros(1)).item(), 4)  # Cauchy: -log π
        -1.1447
    """

    log_df: Tensor

    def __init__(
        self, features: int, df: float | Sequence[float] = 5.0, trainable: bool = False
    ) -> None:
        super().__init__()
        self.event_shape = torch.Size((features,))
        value = vector(df, features, "df")
        if not bool((value > 0).all()):
            raise ConfigurationError(f"df must be positive, but is {df}.")
        log_df = placed(value.log())
        if trainable:
            self.log_df = nn.Parameter(log_df)
        else:
            self.register_buffer("log_df", log_df)

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        df = self.log_df.exp()
        peak = torch.lgamma((df + 1) / 2) - torch.lgamma(df / 2)
        # z² would overflow in float32 beyond 1e19; log1p(z²/df) = logaddexp(0, 2·log|z/√df|) not.
        root = z.abs() * (-0.5 * self.log_df).exp()
        far = root > 1e3
        near_term = torch.log1p(torch.where(far, 0.0, root).square())
        far_term = 2 * torch.where(far, root, 1.0).log()
        tail = torch.where(far, far_term, near_term)
        each = peak - 0.5 * (self.log_df + math.log(math.pi)) - (df + 1) / 2 * tail
        return each.sum(-1)

    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        # Bailey 1994: √(df·(u^(-2/df) - 1))·cos(2πv) is exactly t; expm1 keeps its centre's digits.
        size = self.sample_shape(shape, context)
        u, v = torch.rand(
            (2, *size), generator=generator, dtype=self.log_df.dtype, device=self.log_df.device
        )
        u = 1 - u  # in (0, 1]
        df = self.log_df.exp()
        radius = (df * torch.expm1(-2 / df * u.log())).clamp(min=torch.finfo(u.dtype).tiny).sqrt()
        return radius * torch.cos(2 * math.pi * v)
