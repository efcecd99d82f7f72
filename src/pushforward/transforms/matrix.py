"""A fixed linear map from any square matrix, and what it says of those that are no bijection."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform

WORST = 1e12  # condition number beyond which fewer than four of float64's digits come back

Structure = Literal["lower", "upper", "dense"]


class Linear(Transform):
    """x = A·z + b with fixed numbers; log|det| = log|det A| at every point.

    A triangular A is solved by substitution, and its log|det| is that of its diagonal, O(d); any
    other is factored once, P·L·U. Numbers are kept in float64, or in the dtype of a tensor that is
    given, until they meet the data's own.

    Args:
        matrix: A, (d, d): a tensor, an array, or nested lists.
        bias: b, one number or d of them.

    Attributes:
        log_abs_det: log|det A|, a tensor ().
        orientation: the sign of det A: -1 where the map turns space over, as a mirror does.
        condition: the ratio of A's largest singular value to its least.
        structure: "lower" or "upper" triangular (a diagonal is "lower"), or "dense".

    Raises:
        ConfigurationError: a matrix that is not square, not finite, or singular to within rounding
            (a condition number of 1e12 or more); a bias that does not fit.

    Example:
        >>> layer = Linear([[2.0, 1.0], [0.0, -3.0]])
        >>> x, log_det = layer.forward(torch.tensor([1.0, 1.0]))
        >>> x.tolist(), round(log_det.exp().item(), 4), layer.orientation, layer.structure
        ([3.0, -3.0], 6.0, -1, 'upper')
    """

    event_ndim_in = event_ndim_out = 1
    matrix: Tensor
    bias: Tensor
    factors: Tensor
    pivots: Tensor
    log_abs_det: Tensor

    def __init__(self, matrix: Any, bias: Any = 0.0) -> None:
        super().__init__()
        a = numbers("matrix", matrix)
        refuse_shape(a)
        self.features = len(a)
        b = numbers("bias", bias).to(a.dtype)
        if b.shape not in ((), (len(a),)):
            raise ConfigurationError(
                f"bias must be one number or {len(a)} numbers, but has shape {tuple(b.shape)}."
            )
        self.condition = refuse_singular(a)
        self.structure = structure(a)
        buffers = {"matrix": a, "bias": b.expand(len(a)).clone()}
        diagonal, self.orientation = a.diagonal(), 1
        if self.structure == "dense":
            factors, pivots = torch.linalg.lu_factor(a)
            buffers |= {"factors": factors, "pivots": pivots}
            swaps = int((pivots != torch.arange(1, len(a) + 1, device=a.device)).sum())
            diagonal, self.orientation = factors.diagonal(), (-1) ** swaps
        self.orientation *= int(diagonal.sign().prod())
        buffers["log_abs_det"] = diagonal.abs().log().sum()
        for name, value in buffers.items():
            self.register_buffer(name, value)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return z @ self.matrix.to(z.dtype).t() + self.bias.to(z.dtype), self._log_det(z)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        flat = (x - self.bias.to(x.dtype)).reshape(-1, x.shape[-1])
        return self._solve(flat).reshape(x.shape), -self._log_det(x)

    def _solve(self, rows: Tensor) -> Tensor:
        """A⁻¹·row of each row (n, d)."""
        if self.structure == "dense":
            factors = self.factors.to(rows.dtype)
            return torch.linalg.lu_solve(factors, self.pivots, rows.t()).t()
        transposed = self.matrix.to(rows.dtype).t()
        upper = self.structure == "lower"  # transposed: rows are solved from the right
        return torch.linalg.solve_triangular(transposed, rows, upper=upper, left=False)

    def _log_det(self, like: Tensor) -> Tensor:
        return self.log_abs_det.to(like.dtype).expand(like.shape[:-1])


def numbers(name: str, values: Any) -> Tensor:
    """`values` as a tensor: a floating one as it is, anything else in float64.

    Raises:
        ConfigurationError: not numbers, ragged, or not finite.
    """
    try:
        tensor = torch.as_tensor(values).detach()
        if not (isinstance(values, Tensor) and tensor.is_floating_point()):
            tensor = torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigurationError(f"{name} must be made of numbers: {error}.") from error
    if not bool(tensor.isfinite().all()):
        raise ConfigurationError(f"{name} has an entry that is not finite.")
    return tensor.clone()


def refuse_shape(a: Tensor) -> None:
    """Refuse a matrix that is not square: no bijection goes from R^n to R^k.

    Raises:
        ConfigurationError: naming the shape, and what such a map does.
    """
    if a.ndim == 2 and a.shape[0] == a.shape[1] and len(a):
        return
    if a.ndim != 2 or not a.numel():
        raise ConfigurationError(
            f"A linear map needs a square matrix, but was given shape {tuple(a.shape)}."
        )
    k, n = a.shape
    what = (
        f"it sends at least {n - k} of the {n} dimensions to one point"
        if k < n
        else f"it reaches at most {n} of the {k} dimensions"
    )
    raise ConfigurationError(
        f"A linear map needs a square matrix, but was given shape ({k}, {n}): "
        f"no map R^{n} → R^{k} of that kind is a bijection, since {what}."
    )


def refuse_singular(a: Tensor) -> float:
    """The condition number of a square matrix.

    Raises:
        ConfigurationError: it is `WORST` or more, and the matrix as good as singular.
    """
    values = torch.linalg.svdvals(a.double())
    largest, least = values[0].item(), values[-1].item()
    condition = largest / least if least > 0 else float("inf")
    if not condition < WORST:
        raise ConfigurationError(
            f"The matrix of shape {tuple(a.shape)} is singular, or as good as: its condition "
            f"number is {condition:.3g}, so that it folds space flat and has no inverse map."
        )
    return condition


def structure(a: Tensor) -> Structure:
    """Where the zeros of a square matrix are."""
    if not bool(a.triu(1).any()):
        return "lower"
    return "upper" if not bool(a.tril(-1).any()) else "dense"
