"""Our univariate maps, given the knots and slopes of zuko's and nflows', must be those maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from nflows.transforms.splines.rational_quadratic import unconstrained_rational_quadratic_spline
from torch import Tensor
from torch.nn.functional import softmax, softplus
from zuko.transforms import MonotonicAffineTransform, MonotonicRQSTransform

from benchmarks.work import BOUND
from pushforward.univariate import Affine, RationalQuadraticSpline

BAR = 1e-9
NUMBERS, BINS = 4000, 8

Outcome = tuple[Tensor, Tensor]  # value and log-derivative


def compare() -> list[dict[str, Any]]:
    """One record per map and direction: max |difference| of values and of log-derivatives."""
    torch.manual_seed(0)
    raw = 1.5 * torch.randn(NUMBERS, 3 * BINS - 1, dtype=torch.float64)
    x = 2.5 * torch.randn(NUMBERS, dtype=torch.float64)  # some lie in the tails
    return [
        record
        for name, compared in (
            ("spline, zuko", zuko_spline),
            ("spline, nflows", nflows_spline),
            ("affine, zuko", zuko_affine),
        )
        for record in safely(name, compared, x, raw)
    ]


def safely(
    name: str, compared: Callable[[Tensor, Tensor], Any], x: Tensor, raw: Tensor
) -> list[dict[str, Any]]:
    """Differences by direction, or the reason why there are none."""
    try:
        pairs: dict[str, tuple[Outcome, Outcome]] = compared(x, raw)
    except AttributeError as error:  # a map without params_of
        return [{"map": name, "direction": "both", "error": str(error)}]
    return [
        {
            "map": name,
            "direction": direction,
            "value": float((ours[0] - theirs[0]).abs().max()),
            "log_derivative": float((ours[1] - theirs[1]).abs().max()),
        }
        for direction, (ours, theirs) in pairs.items()
    ]


def zuko_spline(x: Tensor, raw: Tensor) -> dict[str, tuple[Outcome, Outcome]]:
    """zuko bounds the logits, then takes softmax and exp."""
    theirs = MonotonicRQSTransform(*raw.split((BINS, BINS, BINS - 1), -1), bound=BOUND)
    ours = RationalQuadraticSpline(BINS, BOUND)
    params = ours.params_of(
        theirs.horizontal.diff(), theirs.vertical.diff(), theirs.derivatives[..., 1:-1]
    )
    value, log_det = theirs.call_and_ladj(x)
    back = theirs.inv(x)
    return {
        "forward": (ours.forward(x, params), (value, log_det)),
        "inverse": (
            ours.inverse(x, params),
            (back, -theirs.log_abs_det_jacobian(back, x)),
        ),
    }


def nflows_spline(x: Tensor, raw: Tensor) -> dict[str, tuple[Outcome, Outcome]]:
    """nflows takes softmax with a floor of 1e-3 and softplus with one of 1e-3, its defaults.

    It does not hand out its knots: they are computed here by its formula.
    """
    logits = raw.split((BINS, BINS, BINS - 1), -1)
    least = 1e-3
    widths, heights = (
        2 * BOUND * (least + (1 - least * BINS) * softmax(part, -1)) for part in logits[:2]
    )
    slopes = least + softplus(logits[2])
    ours = RationalQuadraticSpline(BINS, BOUND)
    params = ours.params_of(widths, heights, slopes)

    def theirs(inverse: bool) -> Outcome:
        return unconstrained_rational_quadratic_spline(
            x, *logits, inverse=inverse, tails="linear", tail_bound=BOUND
        )

    return {
        "forward": (ours.forward(x, params), theirs(False)),
        "inverse": (ours.inverse(x, params), theirs(True)),
    }


def zuko_affine(x: Tensor, raw: Tensor) -> dict[str, tuple[Outcome, Outcome]]:
    """zuko bounds the log-scale by another curve than ours."""
    theirs = MonotonicAffineTransform(raw[..., 0], raw[..., 1])
    ours = Affine()
    params = ours.params_of(theirs.shift, theirs.log_scale)
    back = theirs.inv(x)
    return {
        "forward": (ours.forward(x, params), theirs.call_and_ladj(x)),
        "inverse": (ours.inverse(x, params), (back, -theirs.log_abs_det_jacobian(back, x))),
    }
