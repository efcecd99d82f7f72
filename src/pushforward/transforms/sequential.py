"""Solving an autoregressive layer feature by feature, exactly, and its gradient by a way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pushforward.nets import AutoregressiveConditioner
from pushforward.numerics import full_precision
from pushforward.univariate import Univariate

Pair = tuple[Tensor, Tensor]


def solve_in_order(
    conditioner: AutoregressiveConditioner,
    univariate: Univariate,
    value: Tensor,
    context: Tensor | None,
) -> Pair:
    """x with univariate.forward(x; θ(x)) = value, and log|det dx/dvalue|.

    Each conditioner's unit is computed once, when its last input is known: about half the
    multiplications of one dense pass. Gradients, of first order, come by the same way in reverse:
    once a feature's cotangent is complete it passes to its parameters, and through them to those
    before (a triangular system, solved without forming it).

    Args:
        value: (rows, features).
        context: (rows, c) or None.

    Returns:
        x (rows, features) and log|det| (rows), in nats.
    """
    compiled = conditioner.layer(univariate.fused, value, context, solve=True)
    if compiled is not None:
        return compiled
    # A network may have computed in bfloat16; maps and log-dets never do.
    sources = tuple(t.to(value.dtype) for t in conditioner.sources(context))
    if torch.is_grad_enabled() and any(t.requires_grad for t in (value, *sources)):
        return _Solve.apply(conditioner, univariate, value, *sources)  # type: ignore[return-value]
    return _walk(conditioner, univariate, value, sources)


@torch.no_grad()
def _walk(
    conditioner: AutoregressiveConditioner,
    univariate: Univariate,
    value: Tensor,
    sources: tuple[Tensor, ...],
) -> Pair:
    walk = conditioner.walk(value, sources)
    columns, x = value.t().contiguous(), torch.empty_like(value.t())
    log_det = value.new_zeros(len(value))
    for feature in conditioner.order.tolist():
        x[feature], change = univariate.inverse(columns[feature], walk.next().to(value.dtype))
        log_det += change
        walk.feed(x[feature])
    return x.t(), log_det


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        conditioner: AutoregressiveConditioner,
        univariate: Univariate,
        value: Tensor,
        *sources: Tensor,
    ) -> Pair:
        x, log_det = _walk(conditioner, univariate, value, sources)
        ctx.conditioner, ctx.univariate = conditioner, univariate
        ctx.save_for_backward(value, x, *sources)
        return x, log_det

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_x: Tensor, grad_log_det: Tensor) -> tuple[Tensor | None, ...]:
        value, x, *sources = ctx.saved_tensors
        with full_precision(value):
            sweep = ctx.conditioner.sweep(x, tuple(sources))
            # x = univariate.inverse(value; params) and its log-slope pull linearly, feature by
            # feature: two calls serve them all, and the sweep adds up.
            pulls = _pulls(ctx.univariate, value, sweep.params, grad_log_det)
            grad_value, grad_sources = sweep.solve(grad_x, *pulls)
        return None, None, grad_value, *grad_sources


def _pulls(
    univariate: Univariate, value: Tensor, params: Tensor, grad_log_det: Tensor
) -> tuple[Pair, Pair]:
    """Cotangents of (value, params) for a cotangent of one on x, and for that of the log-slope."""
    with torch.enable_grad():
        value, params = value.detach().requires_grad_(), params.detach().requires_grad_()
        x, log_slope = univariate.inverse(value, params)
        slope = grad_log_det[:, None].expand_as(log_slope)
        return (
            _pull((value, params), x, torch.ones_like(x)),
            _pull((value, params), log_slope, slope),
        )


def _pull(inputs: Pair, output: Tensor, cotangent: Tensor) -> Pair:
    """Zeros where the output does not depend on an input, as a shift's log-slope does not."""
    if not output.requires_grad:
        return torch.zeros_like(inputs[0]), torch.zeros_like(inputs[1])
    by_value, by_params = torch.autograd.grad(
        output, inputs, cotangent, retain_graph=True, allow_unused=True
    )
    if by_value is None:
        by_value = torch.zeros_like(inputs[0])
    return by_value, torch.zeros_like(inputs[1]) if by_params is None else by_params


def solve_plainly(
    conditioner: AutoregressiveConditioner,
    univariate: Univariate,
    value: Tensor,
    context: Tensor | None,
) -> Pair:
    """The same by one dense pass a feature: dear, but plain operations alone.

    It is what `solve_in_order` is held to, and what transforms of torch.func (vmap, jacrev) and the
    tracer of torch.compile see.
    """
    x, log_det = value, torch.zeros_like(value[..., 0])
    places = torch.arange(value.shape[-1], device=value.device)
    for feature in conditioner.order.tolist():
        params = conditioner(x, context)[..., feature, :]
        found, change = univariate.inverse(value[..., feature], params)
        x = torch.where(places == feature, found[..., None], x)
        log_det = log_det + change
    return x, log_det
