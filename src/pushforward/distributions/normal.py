"""Normal bases: independent coordinates, and full covariance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.distributions.base import Distribution
from pushforward.errors import ConfigurationError
from pushforward.numerics import mean_of_rows, moment_of_rows

LOG_2PI = math.log(2 * math.pi)


def standard_log_prob(z: Tensor) -> Tensor:
    """log N(z; 0, I) summed over the last dimension; far out, where z² overflows, it saturates.

    The clip keeps gradients finite for numbers of any size.
    """
    limit = math.sqrt(torch.finfo(z.dtype).max / z.shape[-1]) / 4
    clipped = z.clamp(-limit, limit)
    return -0.5 * (clipped.square() + LOG_2PI).sum(-1)


def held(z: Tensor) -> Tensor:
    """z clipped to ±√max, for a base that multiplies by a matrix: inf - inf would be NaN."""
    limit = math.sqrt(torch.finfo(z.dtype).max)
    return z.clamp(-limit, limit)


def vector(value: float | Sequence[float] | Tensor, features: int, name: str) -> Tensor:
    """A float, list or tensor as a tensor (features,), on the CPU, where it can be looked at.

    Raises:
        ConfigurationError: a list of another length.
    """
    tensor = torch.as_tensor(value, dtype=torch.get_default_dtype(), device="cpu")
    if tensor.ndim > 1 or (tensor.ndim == 1 and len(tensor) != features):
        raise ConfigurationError(
            f"{name} must be one number or {features} numbers, but has shape {tuple(tensor.shape)}."
        )
    return tensor.expand(features).clone()


def placed(value: Tensor) -> Tensor:
    """`value` on the default device, which is "meta" where only shapes are wanted."""
    return value.to(torch.get_default_device())


class Normal(Distribution):
    """Independent normals N(loc, scale²), N(0, I) unless told.

    Args:
        features: d.
        loc, scale: one number or d numbers each; scale positive.
        trainable: learn both.

    Attributes:
        standard: is it N(0, I), and will stay so?

    Raises:
        ConfigurationError: a scale that is not positive.

    Example:
        >>> round(Normal(2).log_prob(torch.zeros(2)).item(), 4)  # -log(2π)
        -1.8379
    """

    loc: Tensor
    log_scale: Tensor

    def __init__(
        self,
        features: int,
        loc: float | Sequence[float] = 0.0,
        scale: float | Sequence[float] = 1.0,
        trainable: bool = False,
    ) -> None:
        super().__init__()
        self.event_shape = torch.Size((features,))
        scales = vector(scale, features, "scale")
        if not bool((scales > 0).all()):
            raise ConfigurationError(f"scale must be positive, but is {scale}.")
        values = {"loc": vector(loc, features, "loc"), "log_scale": scales.log()}
        self.standard = not trainable and all(bool((v == 0).all()) for v in values.values())
        for name, value in values.items():
            value = placed(value)
            if trainable:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        standard = (z - self.loc) * (-self.log_scale).exp()
        return standard_log_prob(standard) - self.log_scale.sum()

    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        noise = torch.randn(
            self.sample_shape(shape, context),
            generator=generator,
            dtype=self.loc.dtype,
            device=self.loc.device,
        )
        return self.loc + self.log_scale.exp() * noise


class MultivariateNormal(Distribution):
    """N(loc, L·Lᵀ) with a full covariance; `initialize` sets the maximum-likelihood values.

    Args:
        features: d.
        trainable: learn loc and L too (the diagonal of L by its logarithm).

    Example:
        >>> base = MultivariateNormal(2)
        >>> base.initialize(torch.randn(1000, 2) + 3.0)
        >>> base.sample((4,)).shape
        torch.Size([4, 2])
    """

    loc: Tensor
    lower: Tensor
    log_diagonal: Tensor

    def __init__(self, features: int, trainable: bool = False) -> None:
        super().__init__()
        self.event_shape = torch.Size((features,))
        values = {
            "loc": torch.zeros(features),
            "lower": torch.zeros(features, features),
            "log_diagonal": torch.zeros(features),
        }
        for name, value in values.items():
            if trainable:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    def scale_tril(self) -> Tensor:
        """L, lower triangular with a positive diagonal, (d, d)."""
        return self.lower.tril(-1) + self.log_diagonal.exp().diag()

    @torch.no_grad()
    def initialize(
        self, z: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Mean and covariance of z (n, d), with a ridge of 1e-6 of the mean variance.

        A row of weight 2 counts as two.
        """
        flat = z.reshape(-1, z.shape[-1])
        loc = mean_of_rows(flat, weight)
        self.loc.copy_(loc)
        covariance = moment_of_rows(flat - loc, weight)
        ridge = 1e-6 * covariance.diagonal().mean() * torch.eye(len(self.loc)).to(flat)
        tril = torch.linalg.cholesky(covariance + ridge)
        self.lower.copy_(tril)
        self.log_diagonal.copy_(tril.diagonal().log())

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        centred = (held(z) - self.loc).reshape(-1, z.shape[-1])
        standard = torch.linalg.solve_triangular(
            self.scale_tril().t(), centred, upper=True, left=False
        ).reshape(z.shape)
        return standard_log_prob(standard) - self.log_diagonal.sum()

    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        noise = torch.randn(
            self.sample_shape(shape, context),
            generator=generator,
            dtype=self.loc.dtype,
            device=self.loc.device,
        )
        return self.loc + noise @ self.scale_tril().t()
