"""One monotone map in both directions: compiled where that can be, else by its plain formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward.errors import ShapeError
from pushforward.kernels.calls import Constants, Pair, apply, pull
from pushforward.kernels.native import MOST_PARAMS, usable
from pushforward.kernels.operators import apply_map


@dataclass(frozen=True)
class Fused:
    """A map with two faces: `plain` formulas, and entries of the compiled library.

    Args:
        name: the entries are `<name>_apply_<dtype>` and `<name>_pull_<dtype>`.
        n_params: parameters per number.
        constants: handed to the library as they are.
        forward, inverse: the plain formulas, (u (...), params (..., n)) -> (value, log-derivative).
    """

    name: str
    n_params: int
    constants: Constants
    forward: Callable[[Tensor, Tensor], Pair]
    inverse: Callable[[Tensor, Tensor], Pair]

    def __call__(self, value: Tensor, params: Tensor, inverse: bool) -> Pair:
        """value (...), params (..., n_params) that expand to its shape -> two tensors (...).

        Raises:
            ShapeError: another number of parameters.
        """
        if params.shape[-1:] != (self.n_params,):
            raise ShapeError(
                f"This map takes {self.n_params} parameters in the last dimension, "
                f"but was given shape {tuple(params.shape)}."
            )
        fits = value.dtype == params.dtype and self.n_params <= MOST_PARAMS and usable(value)
        compiling = torch.compiler.is_compiling()
        if not fits or transformed():
            return self.plain(value, params, inverse)
        if compiling:
            c = self.constants
            numbers = [c.bound, c.least_share, c.least_slope, c.unit_slope]
            shape = torch.broadcast_shapes(value.shape, params.shape[:-1])
            value, params = value.expand(shape), params.expand(*shape, self.n_params)
            result, log_det = apply_map(value, params, self.name, c.bins, numbers, inverse)
            return result, log_det
        if torch.is_grad_enabled() and (value.requires_grad or params.requires_grad):
            return _Differentiable.apply(value, params, self, inverse)  # type: ignore[return-value]
        return apply(self.name, self.constants, value, params, inverse)

    def plain(self, value: Tensor, params: Tensor, inverse: bool) -> Pair:
        """The same by the plain PyTorch formula, which every test holds the other to."""
        return (self.inverse if inverse else self.forward)(value, params)


def transformed() -> bool:
    """Is a transform of torch.func or forward-mode differentiation at work? They see formulas."""
    active: bool = torch._C._are_functorch_transforms_active()
    return active or torch.autograd.forward_ad._current_level >= 0


class _Differentiable(torch.autograd.Function):
    """The compiled map under autograd: one pass forward, one pass back, nothing kept between."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, params: Tensor, fused: Fused, inverse: bool) -> Pair:
        result, log_det = apply(fused.name, fused.constants, value, params, inverse)
        ctx.fused, ctx.inverse = fused, inverse
        ctx.save_for_backward(value, params, result)
        return result, log_det

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        value, params, result = ctx.saved_tensors
        fused, inverse = ctx.fused, ctx.inverse
        if torch.is_grad_enabled():  # a second derivative is wanted: through the plain formula
            # Aliases, since one may have been computed from the other: partial derivatives only.
            value, params = value.view_as(value), params.view_as(params)
            wanted = [t for t in (value, params) if t.requires_grad]
            outputs = fused.plain(value, params, inverse)
            found = iter(torch.autograd.grad(outputs, wanted, grads, create_graph=True))
            by_value = next(found) if value.requires_grad else None
            return by_value, next(found) if params.requires_grad else None, None, None
        u = result if inverse else value
        grad_result, grad_log_det = grads
        by_value, by_params = pull(
            fused.name, fused.constants, u, params, grad_result, grad_log_det, inverse
        )
        if params.shape != by_params.shape:
            by_params = by_params.sum_to_size(params.shape)
        return by_value, by_params, None, None
