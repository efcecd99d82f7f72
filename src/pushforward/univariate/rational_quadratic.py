"""The monotone rational-quadratic spline (Durkan et al. 2019, "Neural Spline Flows")."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.kernels import rational_quadratic
from pushforward.kernels.rational_quadratic import logits, raw_slopes
from pushforward.univariate.base import Univariate


@dataclass(frozen=True)
class RationalQuadraticSpline(Univariate):
    """A monotone spline on [-bound, bound], the identity outside (linear tails of slope 1).

    Parameters per map: `bins` widths, `bins` heights (both by softmax) and `bins - 1` inner
    derivatives (by softplus); the outer derivatives are 1, so that the map is once continuously
    differentiable on the whole line. Durkan et al. 2019, eq. 4 (value), 5 (derivative) and 6-8
    (inverse, by whichever form of the quadratic formula does not cancel).

    Raises:
        ConfigurationError: fewer than one bin, or a bound that is not positive.

    Example:
        >>> spline = RationalQuadraticSpline(bins=4)
        >>> u, params = torch.tensor([-9.0, 0.3]), torch.randn(2, spline.n_params)
        >>> v, log_det = spline.forward(u, params)
        >>> back, _ = spline.inverse(v, params)
        >>> torch.allclose(back, u, atol=1e-5)
        True
    """

    bins: int = 8
    bound: float = 5.0

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ConfigurationError(f"A spline needs at least one bin, but bins={self.bins}.")
        if not 0 < self.bound < math.inf:
            raise ConfigurationError(f"A spline's bound must be positive, but is {self.bound}.")
        object.__setattr__(self, "fused", rational_quadratic(self.bins, self.bound))

    @property
    def n_params(self) -> int:  # type: ignore[override]
        return 3 * self.bins - 1

    @property
    def scale(self) -> float:  # type: ignore[override]
        return self.bound

    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        assert self.fused is not None
        return self.fused(u, params, inverse=False)

    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        assert self.fused is not None
        return self.fused(v, params, inverse=True)

    def params_of(self, widths: Tensor, heights: Tensor, slopes: Tensor) -> Tensor:
        """The parameters (..., n_params) of the spline with these knots.

        Args:
            widths, heights: sizes of the bins (..., bins), each adding up to 2·bound, none below
                a thousandth of an equal share.
            slopes: derivatives at the inner knots (..., bins - 1), all above 0.001.

        Example:
            >>> spline = RationalQuadraticSpline(bins=2, bound=1.0)
            >>> knots = torch.tensor([0.5, 1.5]), torch.tensor([1.0, 1.0]), torch.tensor([2.0])
            >>> v, _ = spline.forward(torch.tensor(-0.5), spline.params_of(*knots))
            >>> round(v.item(), 5)  # the inner knot lies at (-0.5, 0)
            0.0
        """
        return torch.cat(
            [logits(widths, self.bound), logits(heights, self.bound), raw_slopes(slopes)], dim=-1
        )
