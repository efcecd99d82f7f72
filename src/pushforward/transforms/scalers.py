"""The scalers at the data end of a recipe: set once from data, never trained, with exact log-dets.

They are transforms of the flow like any other, so that `log_prob` is in the user's own units.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.nets import location_and_scale
from pushforward.numerics import moment_of_rows
from pushforward.transforms.actnorm import ActNorm
from pushforward.transforms.base import Transform

THINNEST = 1e-8  # the least variance, relative to a column's own, by which a direction is stretched


class Standardize(ActNorm):
    """Mean 0 and deviation 1 for each feature by itself.

    Example:
        >>> scaler = Standardize(1)
        >>> scaler.initialize(torch.tensor([[10.0], [30.0]]))
        >>> _, log_det = scaler.inverse(torch.tensor([[10.0]]))
        >>> round(log_det.item(), 4)  # minus the log of the deviation, 10
        -2.3026
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, trainable=False)


class Whiten(Transform):
    """Mean 0 and covariance I: each feature standardized, then turned to the principal axes.

    x = loc + scale·V·(spread·z), with V orthogonal: the eigenvectors of the correlation matrix,
    and spread the roots of its eigenvalues. Where columns follow one another closely, what is left
    between them becomes an axis of its own, which the layers before can then shape.

    V·spread is kept as its factors P·L·U: both directions and log|det| = Σ log scale + Σ log|U_ii|
    are then those of one and the same matrix in any precision, while a stored V is orthogonal only
    in the precision in which it was stored.

    Directions thinner than 1e-4 of a column's deviation are stretched no further: float32 has no
    digits left there.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> x = torch.stack([x[:, 0], x[:, 0] + 0.01 * x[:, 1]], dim=1)
        >>> scaler = Whiten(2)
        >>> scaler.initialize(x)
        >>> z, _ = scaler.inverse(x)
        >>> torch.allclose(z.T.cov(), torch.eye(2), atol=1e-2)
        True
    """

    event_ndim_in = event_ndim_out = 1
    loc: Tensor
    log_scale: Tensor
    index: Tensor
    factors: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("loc", torch.zeros(features))
        self.register_buffer("log_scale", torch.zeros(features))
        self.register_buffer("index", torch.arange(features))  # (P·v)[i] = v[index[i]]
        self.register_buffer("factors", torch.eye(features))  # L below the diagonal, U above

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        flat = x.reshape(-1, x.shape[-1]).double()
        loc, scale = location_and_scale(flat, x.shape[-1], weight)
        standard = (flat - loc) / scale
        variance, axes = torch.linalg.eigh(moment_of_rows(standard, weight))
        # The widest direction first; each axis points to where its largest entry is positive, so
        # that the latents do not depend on the solver's choice of sign.
        variance, axes = variance.flip(0), axes.flip(1)
        largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
        spread = variance.clamp(min=THINNEST).sqrt()
        order, lower, upper = torch.linalg.lu(axes * largest.sign() * spread)
        self.loc.copy_(loc)
        self.log_scale.copy_(scale.log())
        self.index.copy_(order.argmax(1))
        self.factors.copy_(lower.tril(-1) + upper)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        half = z @ self.factors.triu().t()
        standard = (half + half @ self.factors.tril(-1).t()).index_select(-1, self.index)
        return self.loc + self.log_scale.exp() * standard, self._log_det(z)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        standard = (x - self.loc) * (-self.log_scale).exp()
        flat = standard.index_select(-1, self.index.argsort()).reshape(-1, x.shape[-1])
        half = torch.linalg.solve_triangular(
            self.factors.t(), flat, upper=True, left=False, unitriangular=True
        )
        z = torch.linalg.solve_triangular(self.factors.triu().t(), half, upper=False, left=False)
        return z.reshape(x.shape), -self._log_det(x)

    def _log_det(self, like: Tensor) -> Tensor:
        log_det = self.log_scale.sum() + self.factors.diagonal().abs().log().sum()
        return log_det.expand(like.shape[:-1])


SCALERS: dict[str, type[Transform]] = {"whiten": Whiten, "standardize": Standardize}


def scalers(name: str, features: int) -> list[Transform]:
    """The layers that the choice `name` ("whiten", "standardize" or "none") puts at the data end.

    Raises:
        ConfigurationError: another name.
    """
    if name == "none":
        return []
    if name not in SCALERS:
        known = ", ".join([*SCALERS, "none"])
        raise ConfigurationError(f"scaler must be one of {known}, but is {name!r}.")
    return [SCALERS[name](features)]  # type: ignore[call-arg]
