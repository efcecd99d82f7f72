"""What a correct flow must satisfy, each property as a number measured row by row.

Every function takes a batch `(rows, *event)` of points and returns its measure; none of them draws,
prints, judges or keeps anything. The bars are beside them, as the generic tests and `check` hold
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Map = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]  # a Transform's forward or inverse
Score = Callable[[Tensor, Tensor | None], Tensor]  # a Flow's log_prob

LOG_DET_BAR = 1e-8  # nats, in float64
PASSES = 64  # backward passes at once
ROUND_TRIP_BAR = 32.0  # rounding errors of the scale that `round_trip` gives
PRECISION_BAR = 1e-4  # in the units that `precision_error` gives
ALONE_BAR = {torch.float64: 1e-12, torch.float32: 1e-5}  # relative to 1 + |log p|


def own_scale(module: nn.Module) -> float:
    """The size of the region in which a map bends: the largest spline bound in it, else 1.

    Example:
        >>> from pushforward.transforms import Planar, RationalQuadraticSpline
        >>> own_scale(RationalQuadraticSpline(2, bound=5.0)), own_scale(Planar(2))
        (5.0, 1.0)
    """
    maps = (getattr(part, "univariate", None) for part in module.modules())
    return max((m.scale for m in maps if m is not None), default=1.0)


def jacobian(function: Map, value: Tensor, context: Tensor | None = None) -> Tensor:
    """The Jacobian of each row by automatic differentiation, (rows, outputs, inputs).

    One backward pass per output serves all rows, which is right where rows do not depend on each
    other; `alone_error` measures that they do not.
    """
    with torch.enable_grad():
        value = value.detach().requires_grad_()
        outputs = function(value, context)[0].flatten(1)
        some = torch.eye(outputs.shape[1]).to(outputs).split(PASSES)
        gradients = [_backward(outputs, value, directions) for directions in some]
    return torch.cat(gradients).flatten(2).transpose(0, 1)


def _backward(outputs: Tensor, value: Tensor, directions: Tensor) -> Tensor:
    """The gradient of outputs·direction for each direction, (directions, rows, *event)."""
    seeds = directions[:, None].expand(-1, len(outputs), -1)
    try:
        return torch.autograd.grad(outputs, value, seeds, retain_graph=True, is_grads_batched=True)[
            0
        ]
    except RuntimeError:  # a layer with a backward of its own, which cannot be vectorised
        each = [torch.autograd.grad(outputs, value, seed, retain_graph=True)[0] for seed in seeds]
        return torch.stack(each)


def log_det_error(function: Map, value: Tensor, context: Tensor | None = None) -> Tensor:
    """|log_det - log|det J|| per row, in nats, J by automatic differentiation.

    `function` is a transform's `forward` or `inverse`; the figure means something in float64.

    Example:
        >>> from pushforward.transforms import Affine
        >>> log_det_error(Affine(1.0, 3.0).forward, torch.zeros(2, 1).double()).tolist()
        [0.0, 0.0]
    """
    reference = torch.linalg.slogdet(jacobian(function, value, context)).logabsdet
    with torch.no_grad():
        log_det = function(value, context)[1]
    return (log_det.flatten(1).sum(1) if log_det.ndim > 1 else log_det).sub(reference).abs()


def round_trip(
    there: Map, back: Map, value: Tensor, context: Tensor | None = None, scale: float = 1.0
) -> Tensor:
    """How far `back(there(value))` is from `value`, per row, in units of what rounding excuses.

    The unit is eps·(s + |v| + |w|·‖∂v/∂w‖), with v the value, w = there(v) and s the map's own
    scale: a rounding of w alone moves v by the last term.

    Example:
        >>> from pushforward.transforms import Exp
        >>> layer = Exp()
        >>> bool((round_trip(layer.forward, layer.inverse, torch.randn(9, 1)) < 32).all())
        True
    """
    with torch.no_grad():
        middle = there(value, context)[0]
        error = (back(middle, context)[0] - value).flatten(1).abs().amax(1)
    slope = _spectral_norm(jacobian(back, middle, context))
    norm, reach = value.flatten(1).norm(dim=1), middle.flatten(1).norm(dim=1)
    return error / (torch.finfo(value.dtype).eps * (scale + norm + reach * slope))


def _spectral_norm(matrices: Tensor) -> Tensor:
    """‖·‖ of each matrix (rows, m, n); NaN where an entry is not finite, which the SVD refuses."""
    finite = matrices.isfinite().all(-1).all(-1)
    norm = torch.linalg.matrix_norm(torch.where(finite[:, None, None], matrices, 0.0), ord=2)
    return torch.where(finite, norm, torch.nan)


def unhealthy_gradients(
    outputs: Iterable[Tensor], inputs: Iterable[Tensor], parameters: Iterable[nn.Parameter] = ()
) -> int:
    """How many entries of the gradients of all outputs' sums are infinite or NaN.

    Each output is differentiated by itself with respect to every input and parameter that it
    depends on. The inputs must have been made with `requires_grad` before the outputs.

    Example:
        >>> x = torch.zeros(3, requires_grad=True)
        >>> unhealthy_gradients([x.sqrt()], [x])
        3
    """
    leaves = [*inputs, *(p for p in parameters if p.requires_grad)]
    bad = 0
    for output in outputs:
        if output.requires_grad:
            found = torch.autograd.grad(output.sum(), leaves, retain_graph=True, allow_unused=True)
            bad += sum(int((~g.isfinite()).sum()) for g in found if g is not None)
    return bad


def score_gradients(
    score: Score, x: Tensor, context: Tensor | None = None, parameters: Iterable[nn.Parameter] = ()
) -> int:
    """`unhealthy_gradients` of a log-density: with respect to x, the context and the parameters."""
    with torch.enable_grad():
        leaves = [v.detach().requires_grad_() for v in (x, context) if v is not None]
        value = score(leaves[0], leaves[1] if len(leaves) > 1 else None)
        return unhealthy_gradients([value], leaves, parameters)


@torch.no_grad()
def alone_error(score: Score, x: Tensor, context: Tensor | None = None) -> Tensor:
    """|log p of a row alone - log p of it in the batch| / (1 + |log p|), per row.

    Example:
        >>> from pushforward.distributions import Normal
        >>> alone_error(Normal(1).log_prob, torch.zeros(2, 1)).tolist()
        [0.0, 0.0]
    """
    together = score(x, context)
    rows = range(len(x))
    alone = [score(x[i : i + 1], None if context is None else context[i : i + 1]) for i in rows]
    return (torch.cat(alone) - together).abs() / (1 + together.abs())


def precision_error(score: Score, exact: Score, x: Tensor, context: Tensor | None = None) -> Tensor:
    """|log p in float32 - log p in float64| per row, in units of 1 + |log p| + Σ|xᵢ·∂ᵢ log p|/32.

    The last term is what rounding x itself would do: at a bar of 1e-4 it excuses 26 roundings.

    Args:
        score: of the flow in the rows' precision.
        exact: of the same flow in float64.
        x, context: the rows.

    Example:
        >>> from pushforward.distributions import Normal
        >>> x = torch.randn(9, 2)
        >>> bool((precision_error(Normal(2).log_prob, Normal(2).double().log_prob, x) < 1e-6).all())
        True
    """
    with torch.enable_grad():
        wide = x.detach().double().requires_grad_()
        wanted = exact(wide, None if context is None else context.double())
        (slope,) = torch.autograd.grad(wanted.sum(), wide)
    wanted = wanted.detach()
    with torch.no_grad():
        error = (score(x, context).double() - wanted).abs()
    return error / (1 + wanted.abs() + (wide.detach() * slope).abs().flatten(1).sum(1) / 32)
