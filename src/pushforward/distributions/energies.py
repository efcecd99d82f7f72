"""Densities in the plane that are known but not sampled from: targets for a flow, by name.

U1 to U4 are the test energies of Rezende & Mohamed (2015, table 1). Three of them say nothing of
how far z₁ may go, and exp(-U) has no finite integral; here each has a smooth wall,
½·Σ_i (max(0, |z_i| - 4)/0.1)², which is zero on the square [-4, 4]² that the paper draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pushforward.errors import ConfigurationError, ShapeError

WALL, SOFTNESS = 4.0, 0.1
LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Energy:
    """log p(x) = -U(x) - log Z of a named energy in the plane.

    Attributes:
        name: as in `ENERGIES`.
        potential: U, points (*batch, 2) -> (*batch), nats.
        log_normaliser: log Z = log ∫ exp(-U), nats, to ten digits.
        reach: all but 1e-12 of the mass lies in the square [-reach, reach]².

    Example:
        >>> target = energy("u1")
        >>> target(torch.tensor([[2.0, 0.0], [0.0, 0.0]])).exp().mul(1000).round().tolist()
        [153.0, 0.0]
    """

    name: str
    potential: Callable[[Tensor], Tensor]
    log_normaliser: float
    reach: float = WALL + 8 * SOFTNESS

    def __call__(self, x: Tensor) -> Tensor:
        """log p(x): (*batch, 2) -> (*batch), nats.

        Raises:
            ShapeError: the last dimension is not 2.
        """
        if x.ndim < 1 or x.shape[-1] != 2:
            raise ShapeError(f"{self.name} is a density in the plane; x has {tuple(x.shape)}.")
        return -self.potential(x) - self.log_normaliser


def energy(name: str) -> Energy:
    """The target of that name: "u1" … "u4" or "four_modes".

    Raises:
        ConfigurationError: another name.
    """
    if name not in ENERGIES:
        raise ConfigurationError(f"The energies are {', '.join(ENERGIES)}; {name!r} is not one.")
    return ENERGIES[name]


def wall(z: Tensor) -> Tensor:
    """½·Σ_i (max(0, |z_i| - 4)/0.1)², (*batch, 2) -> (*batch)."""
    return 0.5 * ((z.abs() - WALL).clamp(min=0) / SOFTNESS).square().sum(-1)


def _bell(value: Tensor, width: float) -> Tensor:
    """log of exp(-½(value/width)²)."""
    return -0.5 * (value / width).square()


def _wave(z: Tensor) -> Tensor:
    """How far z₂ stands above w₁ = sin(2πz₁/4)."""
    return z[..., 1] - (0.5 * math.pi * z[..., 0]).sin()


def _u1(z: Tensor) -> Tensor:
    """A ring of radius 2, heavy on its left and right."""
    radius = torch.linalg.vector_norm(z, dim=-1)
    sides = torch.logaddexp(_bell(z[..., 0] - 2, 0.6), _bell(z[..., 0] + 2, 0.6))
    return -_bell(radius - 2, 0.4) - sides + wall(z)


def _u2(z: Tensor) -> Tensor:
    """A sine wave."""
    return -_bell(_wave(z), 0.4) + wall(z)


def _u3(z: Tensor) -> Tensor:
    """A sine wave with a second one, bent away from it near z₁ = 1."""
    bump = 3 * _bell(z[..., 0] - 1, 0.6).exp()
    return -torch.logaddexp(_bell(_wave(z), 0.35), _bell(_wave(z) + bump, 0.35)) + wall(z)


def _u4(z: Tensor) -> Tensor:
    """A sine wave that splits in two at z₁ = 1."""
    step = 3 * logsigmoid((z[..., 0] - 1) / 0.3).exp()
    return -torch.logaddexp(_bell(_wave(z), 0.4), _bell(_wave(z) + step, 0.35)) + wall(z)


def _four_modes(z: Tensor) -> Tensor:
    """Four normals of deviation 0.6 about (±2, ±2), of equal weight."""
    each = torch.logaddexp(_bell(z - 2, 0.6), _bell(z + 2, 0.6))
    return -each.sum(-1) + LOG_2PI + 2 * math.log(2 * 0.6)


ENERGIES: dict[str, Energy] = {
    "u1": Energy("u1", _u1, 1.8775016238),
    "u2": Energy("u2", _u2, 2.1129413412),
    "u3": Energy("u3", _u3, 2.6725571291),
    "u4": Energy("u4", _u4, 2.7246944519),
    "four_modes": Energy("four_modes", _four_modes, 0.0, reach=8.0),
}
