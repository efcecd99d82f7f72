"""Every entry of the registry against every promise of the contract.

The measures are those of `pushforward.diagnostics`, which `pf.check` makes public; the bars are
theirs too.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward.constraints import real
from pushforward.diagnostics import properties
from pushforward.transforms import Inverse
from specimens import CASES, TRAINED, Case

ALL = pytest.mark.parametrize("case", CASES, ids=str)
WITH_CONTEXT = pytest.mark.parametrize("case", [c for c in CASES if c.context_features], ids=str)
BOUNDED = pytest.mark.parametrize(
    "case", [c for c in CASES if c.transform.codomain != real], ids=str
)
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])


@ALL
def test_log_det_is_that_of_automatic_differentiation(case: Case) -> None:
    transform, context = case.transform, case.context(16)
    forward = properties.log_det_error(transform.forward, case.z(16), context)
    inverse = properties.log_det_error(transform.inverse, case.x(16), context)
    assert forward.max() <= properties.LOG_DET_BAR
    assert inverse.max() <= properties.LOG_DET_BAR


@PRECISIONS
@ALL
def test_round_trips_both_ways(case: Case, dtype: torch.dtype) -> None:
    transform, context = case.transform.to(dtype), case.context(16, dtype=dtype)
    scale = properties.own_scale(transform)
    for there, back, value in (
        (transform.forward, transform.inverse, case.z(16, dtype=dtype)),
        (transform.inverse, transform.forward, case.x(16, dtype=dtype)),
    ):
        error = properties.round_trip(there, back, value, context, scale)
        assert error.max() <= properties.ROUND_TRIP_BAR


@PRECISIONS
@ALL
def test_a_row_scores_alone_as_in_a_batch(case: Case, dtype: torch.dtype) -> None:
    flow, context = case.flow().to(dtype), case.context(7, dtype=dtype)
    error = properties.alone_error(flow.log_prob, case.x(7, dtype=dtype), context)
    assert error.max() <= properties.ALONE_BAR[dtype]


@pytest.mark.parametrize("case", TRAINED, ids=str)
def test_all_of_these_after_training(case: Case) -> None:
    test_log_det_is_that_of_automatic_differentiation(case)
    for dtype in (torch.float32, torch.float64):
        test_round_trips_both_ways(case, dtype)
        test_a_row_scores_alone_as_in_a_batch(case, dtype)


@PRECISIONS
@pytest.mark.parametrize("case", [c for c in CASES if c.transform.kind == "numerical"], ids=str)
def test_a_root_is_found_to_the_last_digits(case: Case, dtype: torch.dtype) -> None:
    transform, points = case.transform.to(dtype), case.x(64, dtype=dtype)
    if "inverse" in transform.cheap:
        transform = Inverse(transform)  # the root is on the other side
    residual = transform.residual(points, case.context(64, dtype=dtype))
    scale = properties.own_scale(transform) + points.norm(dim=1)
    assert (residual / scale).max() <= 32 * torch.finfo(dtype).eps


@ALL
def test_gradients_are_those_of_finite_differences(case: Case) -> None:
    transform, context = case.transform, case.context(2)
    for way, point in ((transform, case.z(2)), (Inverse(transform), case.x(2))):
        parameters = dict(way.named_parameters())

        def outputs(point: Tensor, context: Tensor | None, *values: Tensor) -> tuple[Tensor, ...]:
            named = dict(zip(parameters, values, strict=True))  # noqa: B023
            return torch.func.functional_call(way, named, (point, context))  # noqa: B023

        leaves = [point, *([] if context is None else [context]), *parameters.values()]
        leaves = [v.detach().requires_grad_() for v in leaves]
        split = leaves if context is not None else [leaves[0], None, *leaves[1:]]
        with torch.random.fork_rng():
            torch.manual_seed(0)  # the fast mode projects on random directions
            assert torch.autograd.gradcheck(outputs, split, fast_mode=True)


@WITH_CONTEXT
def test_the_output_depends_on_the_context(case: Case) -> None:
    # Near the middle: beyond its bound a spline is the identity whatever the context.
    transform, z, context = case.transform, 0.25 * case.z(8), case.context(8)
    x, log_det = transform.forward(z, context)
    other_x, other_log_det = transform.forward(z, context + 1)
    moved = (x - other_x).abs().amax(1) + (log_det - other_log_det).abs()
    assert (moved > 1e-6).all()


@PRECISIONS
@ALL
def test_shapes_and_types_follow_the_input(case: Case, dtype: torch.dtype) -> None:
    transform = case.transform.to(dtype)
    for batch in ((), (0,), (3,), (2, 3)):
        context = case.context(*batch, dtype=dtype)
        for function, draw in ((transform.forward, case.z), (transform.inverse, case.x)):
            points = draw(*batch, dtype=dtype)
            value, log_det = function(points, context)
            assert value.shape == points.shape
            assert log_det.shape == batch
            assert value.dtype == log_det.dtype == dtype


@ALL
def test_a_batch_of_any_shape_has_the_same_values(case: Case) -> None:
    transform, x, context = case.transform, case.x(6), case.context(6)
    z, log_det = transform.inverse(x, context)
    grid = None if context is None else context.reshape(2, 3, -1)
    grid_z, grid_log_det = transform.inverse(x.reshape(2, 3, -1), grid)
    torch.testing.assert_close(grid_z.reshape(z.shape), z, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(grid_log_det.flatten(), log_det, rtol=1e-11, atol=1e-11)


@WITH_CONTEXT
def test_a_context_is_shared_by_broadcasting(case: Case) -> None:
    transform, z, context = case.transform, case.z(4, 5), case.context(5)
    x, log_det = transform.forward(z, context)
    each = [transform.forward(row, context) for row in z]
    torch.testing.assert_close(x, torch.stack([e[0] for e in each]), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(log_det, torch.stack([e[1] for e in each]), rtol=1e-11, atol=1e-11)


def extremes(case: Case, dtype: torch.dtype) -> Tensor:
    """Batches whose every number is in a tail, and mixed ones, out to the entry's limit."""
    limit, d = case.entry.gradient_limit, case.features
    edges = [
        e for e in (case.transform.codomain.low, case.transform.codomain.high) if math.isfinite(e)
    ]
    subnormal = torch.finfo(dtype).tiny / 16
    sizes = [limit, -limit, 1e3, -1e3, 1e-30, subnormal, -subnormal, 0.0, *edges]
    rows = torch.tensor(sizes, dtype=dtype)[:, None].expand(-1, d).clone()
    signs = (-1.0) ** torch.arange(d, dtype=dtype)
    mixed = case.x(4, dtype=dtype)
    mixed[:, -1] = limit
    return torch.cat([rows, rows * signs, mixed])


@PRECISIONS
@ALL
def test_gradients_are_finite_far_outside(case: Case, dtype: torch.dtype) -> None:
    transform, points = case.transform.to(dtype), extremes(case, dtype).requires_grad_()
    context = case.context(len(points), dtype=dtype)
    inputs = [points, *([] if context is None else [context.requires_grad_()])]
    z, log_det = transform.inverse(points, context)
    assert not z.isnan().any()
    assert not log_det.isnan().any()
    assert (log_det < math.inf).all()
    assert properties.unhealthy_gradients([z, log_det], inputs, transform.parameters()) == 0


@ALL
def test_a_density_has_finite_gradients_far_outside(case: Case) -> None:
    points = extremes(case, torch.float64)
    context, flow = case.context(len(points)), case.flow()
    log_prob = flow.log_prob(points, context)
    assert not log_prob.isnan().any()
    for rows in (slice(None), slice(0, 1), slice(1, 2)):  # all, and all-tail batches
        some = None if context is None else context[rows]
        assert properties.score_gradients(flow.log_prob, points[rows], some, flow.parameters()) == 0


@ALL
def test_infinity_has_no_density_and_finite_gradients(case: Case) -> None:
    points = case.x(6)
    points[0], points[1], points[2, -1] = math.inf, -math.inf, math.inf
    context, flow = case.context(6), case.flow()
    log_prob = flow.log_prob(points, context)
    assert (log_prob[:3] == -math.inf).all()
    assert log_prob[3:].isfinite().all()
    assert properties.score_gradients(flow.log_prob, points, context, flow.parameters()) == 0


@ALL
def test_a_nan_is_seen_in_its_own_row_alone(case: Case) -> None:
    points, context = case.x(4), case.context(4)
    points[1, 0] = math.nan
    log_prob = case.flow().log_prob(points, context)
    assert log_prob.isnan().tolist() == [False, True, False, False]


@PRECISIONS
@BOUNDED
def test_outside_the_codomain_the_density_is_zero(case: Case, dtype: torch.dtype) -> None:
    transform = case.transform.to(dtype)
    low, high = transform.codomain.low, transform.codomain.high
    outside = [low, low - 0.5, -1e4, *([high, high + 0.5, 1e4] if math.isfinite(high) else [])]
    points = case.x(len(outside), dtype=dtype)
    points[:, 0] = torch.tensor(outside, dtype=dtype)  # one coordinate is enough
    z, log_det = transform.inverse(points, case.context(len(outside), dtype=dtype))
    assert z.isfinite().all()
    assert (log_det == -math.inf).all()


@ALL
def test_a_wrong_log_det_is_caught(case: Case) -> None:
    """Dropped, negated or doubled, in either direction, where it is not zero anyway."""
    transform, context = case.transform, case.context(16)
    for function, points in ((transform.forward, case.z(16)), (transform.inverse, case.x(16))):
        log_det = function(points, context)[1]
        if log_det.abs().max() < 1e-12:
            continue  # volume-preserving: there is nothing to get wrong
        for factor in (0.0, -1.0, 2.0):

            def mutant(value: Tensor, given: Tensor | None) -> tuple[Tensor, Tensor]:
                result, log_det = function(value, given)  # noqa: B023
                return result, factor * log_det  # noqa: B023

            assert properties.log_det_error(mutant, points, context).max() > properties.LOG_DET_BAR
