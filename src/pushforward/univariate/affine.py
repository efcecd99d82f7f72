"""Shifts and affine maps of one number."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.kernels import affine
from pushforward.univariate.base import Univariate


@dataclass(frozen=True)
class Shift(Univariate):
    """v = u + t, the additive map of NICE (Dinh et al. 2015, eq. 9). Log-derivative 0.

    Example:
        >>> v, log_det = Shift().forward(torch.tensor([1.0]), torch.tensor([[0.5]]))
        >>> v.item(), log_det.item()
        (1.5, 0.0)
    """

    n_params = 1

    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        return u + params[..., 0], torch.zeros_like(u)

    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        return v - params[..., 0], torch.zeros_like(v)


@dataclass(frozen=True)
class Affine(Univariate):
    """v = u·exp(s) + t, with the log-scale bounded smoothly: s = bound·tanh(θ/bound).

    RealNVP's and MAF's map (Dinh et al. 2017, eq. 4; Papamakarios et al. 2017, eq. 4). The bound
    keeps a wild conditioner from overflowing the exponential.

    Example:
        >>> v, log_det = Affine().forward(torch.tensor([3.0]), torch.zeros(1, 2))
        >>> v.item(), log_det.item()
        (3.0, 0.0)
    """

    bound: float = 5.0
    n_params = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "fused", affine(self.bound))

    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        assert self.fused is not None
        return self.fused(u, params, inverse=False)

    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        assert self.fused is not None
        return self.fused(v, params, inverse=True)

    def params_of(self, shift: Tensor, log_scale: Tensor) -> Tensor:
        """The parameters (..., 2) of v = u·exp(log_scale) + shift, |log_scale| below the bound."""
        return torch.stack([shift, self.bound * torch.atanh(log_scale / self.bound)], dim=-1)
