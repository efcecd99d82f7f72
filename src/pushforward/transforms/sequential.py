"""Solving an autoregressive layer feature by feature, exactly, and its gradient by a way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pushforward.nets import AutoregressiveConditioner, Walk
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
    sources = conditioner.sources(len(value), context)
    if torch.is_grad_enabled() and any(t.requires_grad for t in (value, *sources)):
        return _Solve.apply(conditioner, univariate, value, *sources)  # type: ignore[return-value]
    x, log_det, _, _ = _walk(conditioner, univariate, value, sources, record=False)
    return x, log_det


@torch.no_grad()
def _walk(
    conditioner: AutoregressiveConditioner,
    univariate: Univariate,
    value: Tensor,
    sources: tuple[Tensor, ...],
    record: bool,
) -> tuple[Tensor, Tensor, Walk, list[Tensor]]:
    """x, its log-det, the walk that found it, and each feature's parameters where recorded."""
    walk = conditioner.walk(value, sources, record)
    columns, x = value.t().contiguous(), torch.empty_like(value.t())
    log_det = value.new_zeros(len(value))
    kept = []
    for feature in conditioner.order.tolist():
        params = walk.next()
        found, change = univariate.inverse(columns[feature], params)
        log_det += change
        x[feature] = found
        walk.feed(found)
        if record:
            kept.append(params)
    return x.t(), log_det, walk, kept


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        conditioner: AutoregressiveConditioner,
        univariate: Univariate,
        value: Tensor,
        *sources: Tensor,
    ) -> Pair:
        x, log_det, walk, kept = _walk(conditioner, univariate, value, sources, record=True)
        ctx.order, ctx.univariate, ctx.walk = conditioner.order.tolist(), univariate, walk
        ctx.save_for_backward(value, *kept)
        return x, log_det

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_x: Tensor, grad_log_det: Tensor) -> tuple[Tensor | None, ...]:
        value, *kept = ctx.saved_tensors
        # Per feature, in the walk's order: x = univariate.inverse(value; params) and its log-slope
        # are linear in their cotangents, so that one call serves all features.
        params = torch.stack(kept, dim=1)
        by_x, by_slope = _pulls(ctx.univariate, value[:, ctx.order], params, grad_log_det)
        sweep = ctx.walk.sweep()
        grad_value = torch.empty_like(grad_x)
        for step in reversed(range(len(ctx.order))):
            feature = ctx.order[step]
            reached = grad_x[:, feature]
            if step < len(ctx.order) - 1:
                reached = reached + sweep.next()
            grad_value[:, feature] = by_x[0][:, step] * reached + by_slope[0][:, step]
            sweep.feed(by_x[1][:, step] * reached[:, None] + by_slope[1][:, step])
        return None, None, grad_value, *sweep.finish()


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

    It is what `solve_in_order` is held to, and what transforms of torch.func (vmap, jacrev) see.
    """
    x, log_det = value, torch.zeros_like(value[..., 0])
    places = torch.arange(value.shape[-1], device=value.device)
    for feature in conditioner.order.tolist():
        params = conditioner(x, context)[..., feature, :]
        found, change = univariate.inverse(value[..., feature], params)
        x = torch.where(places == feature, found[..., None], x)
        log_det = log_det + change
    return x, log_det
