"""Linear maps of whole vectors whose determinants are cheap by structure."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform


class Permutation(Transform):
    """x[i] = z[permutation[i]]; log|det| = 0.

    Raises:
        ConfigurationError: the indices are not 0 … d - 1, each once.

    Example:
        >>> Permutation([2, 0, 1]).forward(torch.tensor([1.0, 2.0, 3.0]))[0].tolist()
        [3.0, 1.0, 2.0]
    """

    event_ndim_in = event_ndim_out = 1
    index: Tensor
    inverse_index: Tensor

    def __init__(self, permutation: Sequence[int] | Tensor) -> None:
        super().__init__()
        index = torch.as_tensor(permutation, dtype=torch.long).clone()
        if not index.sort().values.equal(torch.arange(len(index))):
            raise ConfigurationError(
                f"A permutation of {len(index)} features holds each of 0 … {len(index) - 1} once, "
                f"but this one is {index.tolist()}."
            )
        self.features = len(index)
        # Saved with the model, so that a random permutation comes back as it was.
        self.register_buffer("index", index)
        self.register_buffer("inverse_index", index.argsort(), persistent=False)

    def image(self, interval: Interval) -> Interval:
        return interval

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return z.index_select(-1, self.index), z.new_zeros(z.shape[:-1])

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return x.index_select(-1, self.inverse_index), x.new_zeros(x.shape[:-1])


class LULinear(Transform):
    """x = L·U·z + bias, L unit lower and U upper triangular; log|det| = Σ log diag(U), O(d).

    The diagonal of U is stored as its logarithm, so that the map can never become singular
    (Kingma & Dhariwal 2018, section 3.2; Oliva et al. 2018). Starts at the identity.

    Example:
        >>> layer = LULinear(3)
        >>> x, log_det = layer.forward(torch.ones(2, 3))
        >>> x.shape, log_det.tolist()
        (torch.Size([2, 3]), [0.0, 0.0])
    """

    event_ndim_in = event_ndim_out = 1

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.lower = nn.Parameter(torch.zeros(features, features))
        self.upper = nn.Parameter(torch.zeros(features, features))
        self.log_diagonal = nn.Parameter(torch.zeros(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def factors(self) -> tuple[Tensor, Tensor]:
        """L and U, both (d, d)."""
        lower = self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)
        upper = self.upper.triu(1) + self.log_diagonal.exp().diag()
        return lower, upper

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        lower, upper = self.factors()
        # One factor after the other: their product would cost O(d³).
        x = z @ upper.t() @ lower.t() + self.bias
        return x, self.log_diagonal.sum().expand(z.shape[:-1])

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        # The solver reads one triangle only, so that the factors need not be cut out first. Rows
        # are vectors: it solves from the right.
        upper = self.upper.diagonal_scatter(self.log_diagonal.exp())
        flat = (x - self.bias).reshape(-1, x.shape[-1])
        half = torch.linalg.solve_triangular(
            self.lower.t(), flat, upper=True, left=False, unitriangular=True
        )
        z = torch.linalg.solve_triangular(upper.t(), half, upper=False, left=False)
        return z.reshape(x.shape), -self.log_diagonal.sum().expand(x.shape[:-1])


class Orthogonal(Transform):
    """x = Q·z with Q a product of Householder reflections; log|det| = 0 (Tomczak & Welling 2016).

    Starts at the identity: the reflections' common start, diag(-1), is divided out.

    Args:
        features: d.
        reflections: how many reflections, d where None (then Q reaches every rotation).

    Raises:
        ConfigurationError: fewer than 1 or more than d reflections.

    Example:
        >>> Orthogonal(3).forward(torch.tensor([1.0, 2.0, 3.0]))[0].tolist()
        [1.0, 2.0, 3.0]
    """

    event_ndim_in = event_ndim_out = 1

    def __init__(self, features: int, reflections: int | None = None) -> None:
        super().__init__()
        self.features = features
        count = features if reflections is None else reflections
        if not 1 <= count <= features:
            raise ConfigurationError(
                f"Orthogonal of {features} features takes 1 to {features} reflections, not {count}."
            )
        self.vectors = nn.Parameter(torch.zeros(features, count))

    def matrix(self) -> Tensor:
        """Q, (d, d)."""
        d, count = self.vectors.shape
        below = self.vectors.tril(-1)
        # Reflection i is I - tau·v·vᵀ with v = (0, …, 0, 1, below): a start of diag(-1) at entry i.
        tau = 2 / (1 + below.square().sum(0))
        padded = torch.cat([below, below.new_zeros(d, d - count)], dim=1)
        q = torch.linalg.householder_product(padded, tau)
        sign = torch.ones(d).to(q)
        sign[:count] = -1
        return q * sign

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return z @ self.matrix().t(), z.new_zeros(z.shape[:-1])

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return x @ self.matrix(), x.new_zeros(x.shape[:-1])
