"""The contract of a univariate map: a monotone function of one number and some parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.kernels import Fused

Fast = Literal["density", "sampling"]
Map = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Univariate(ABC):
    """An increasing map of the real line onto itself, as pure functions of its parameters.

    It holds no tensors: the wirings (unconditional, coupling, autoregressive) supply the
    parameters. All-zero parameters give the identity. `forward` is the direction in which the
    formula is explicit; `inverse` undoes it and may be dearer.

    Attributes:
        n_params: how many numbers describe one map.
        scale: the size of the region in which the map bends (sets rounding bars), 1 if unbounded.
        cheap: which of "forward", "inverse" is closed form in one pass.
        kind: "numerical" where a direction is a root.
        fused: the same map in compiled code, where there is one.
    """

    fused: Fused | None = None
    kind: Literal["exact", "numerical"] = "exact"
    n_params: int
    scale: float = 1.0
    cheap: frozenset[str] = frozenset({"forward", "inverse"})

    @abstractmethod
    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """u of shape (...), params (..., n_params) -> (v, log dv/du), each (...)."""

    @abstractmethod
    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """v of shape (...), params (..., n_params) -> (u, log du/dv), each (...)."""


def orient(univariate: Univariate, fast: Fast) -> tuple[Map, Map]:
    """The pair (latent -> data, data -> latent), with the explicit formula on the `fast` side.

    `fast="density"` puts `univariate.forward` on the way from data to latent, where likelihood
    training spends its time; `fast="sampling"` puts it on the way from latent to data.

    Raises:
        ConfigurationError: `fast` is neither of the two.
    """
    if fast == "density":
        return univariate.inverse, univariate.forward
    if fast == "sampling":
        return univariate.forward, univariate.inverse
    raise ConfigurationError(f'fast must be "density" or "sampling", but is {fast!r}.')
