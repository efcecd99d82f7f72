"""Every recipe through `pf.check` and the generic promises, perturbed and after training.

The total probability is part of the check: |∫p - 1| < 1e-3 by quadrature in one and two
dimensions, and an estimate within four standard errors above.
"""

from __future__ import annotations

import itertools
import math

import pytest
import torch

import pushforward as pf
from pushforward.diagnostics import properties
from pushforward.flows import rebuild
from specimens import FLOWS, Mutant, Recipe

PERTURBED = [flow for flow in FLOWS if not flow.trained]
# After training, in one and two dimensions alone and in seven with a context: the rest is alike.
TRAINED = [f for f in FLOWS if f.trained and (f.features == 7) == bool(f.context_features)]
ALL = pytest.mark.parametrize("recipe", PERTURBED, ids=str)
PLANE = pytest.mark.parametrize("recipe", [f for f in PERTURBED if f.features == 2], ids=str)


@pytest.mark.parametrize("recipe", [*PERTURBED, *TRAINED], ids=str)
def test_the_check_passes(recipe: Recipe) -> None:
    report = pf.check(recipe.flow, context=recipe.context(50))
    assert report.passed, str(report)
    decided = [row for row in report.rows if row.passed is not None]
    assert len(decided) >= len(report.rows) - (recipe.features > 2), str(report)


@ALL
def test_round_trips_and_rows_in_float64(recipe: Recipe) -> None:
    flow, context = recipe.flow.double(), recipe.context(32, dtype=torch.float64)
    with torch.no_grad():
        x = flow.sample(() if context is not None else (32,), context)
        embedded = context if flow.embed is None or context is None else flow.embed(context)
    there, back, scale = flow.transform.inverse, flow.transform.forward, properties.own_scale(flow)
    error = properties.round_trip(there, back, x, embedded, scale)
    assert error.max() <= properties.ROUND_TRIP_BAR
    alone = properties.alone_error(flow.log_prob, x, context)
    assert alone.max() <= properties.ALONE_BAR[torch.float64]


@ALL
def test_gradients_of_a_density_are_finite_at_any_distance(recipe: Recipe) -> None:
    flow, d = recipe.flow.double(), recipe.features
    limit = 1e4 if recipe.name == "planar" else 1e30
    signs = (-1.0) ** torch.arange(d)
    rows = limit * torch.stack([torch.ones(d), -torch.ones(d), signs, -signs]).double()
    context = recipe.context(4, dtype=torch.float64)
    assert flow.log_prob(rows, context).isfinite().all()
    assert properties.score_gradients(flow.log_prob, rows, context, flow.parameters()) == 0
    flow, rows, context = flow.float(), (1e4 * rows / limit).float(), recipe.context(4)
    assert properties.score_gradients(flow.log_prob, rows, context, flow.parameters()) == 0


@ALL
def test_shapes(recipe: Recipe) -> None:
    flow, d = recipe.flow, recipe.features
    for batch in ((), (0,), (3,), (2, 3)):
        context = recipe.context(*batch)
        x = flow.sample(() if context is not None else batch, context)
        assert x.shape == (*batch, d)
        assert flow.log_prob(x, context).shape == batch
        assert flow.encode(x, context).shape == x.shape
        assert flow.decode(x, context).shape == x.shape
        first, second = flow.sample_and_log_prob((4,), context)
        assert first.shape == ((4, *batch, d) if context is not None else (4, d))
        assert second.shape == first.shape[:-1]


@ALL
def test_infinities_and_nans(recipe: Recipe) -> None:
    flow, context = recipe.flow, recipe.context(4)
    x = flow.sample(() if context is not None else (4,), context)
    x[0, 0], x[1, -1], x[2, 0] = math.inf, -math.inf, math.nan
    log_prob = flow.log_prob(x, context)
    assert (log_prob[:2] == -math.inf).all()
    assert log_prob[2].isnan()
    assert log_prob[3].isfinite()
    assert flow.encode(x, context)[:2].isfinite().all()


@PLANE
def test_sampling_and_scoring_agree(recipe: Recipe) -> None:
    flow, context = recipe.flow.double(), recipe.context(50, dtype=torch.float64)
    x, log_prob = flow.sample_and_log_prob(() if context is not None else (50,), context)
    torch.testing.assert_close(flow.log_prob(x, context), log_prob, atol=1e-9, rtol=0)


@PLANE
def test_a_recipe_is_made_again_from_its_record(recipe: Recipe) -> None:
    flow, context = recipe.flow, recipe.context(5)
    again = rebuild(flow.made_by)
    again.load_state_dict(flow.state_dict())
    x = torch.randn(5, 2)
    assert torch.equal(again.log_prob(x, context), flow.log_prob(x, context))


@PLANE
def test_a_wrong_log_det_in_any_layer_is_caught(recipe: Recipe) -> None:
    """Mutants: each layer's log-det dropped, negated, doubled, in both directions alike."""
    context = recipe.context(16, dtype=torch.float64)
    z = torch.randn(16, 2, generator=torch.Generator().manual_seed(6)).double()
    for k, factor in itertools.product(range(len(recipe.flow)), (0.0, -1.0, 2.0)):
        flow = recipe.flow.double()
        layer = flow.transform[k]
        if layer.forward(z, context)[1].abs().max() < 1e-12:
            continue  # volume-preserving: there is nothing to get wrong
        flow.transform.layers[k] = Mutant(layer, factor)
        x = flow.decode(z, context).detach()
        embedded = context if flow.embed is None or context is None else flow.embed(context)
        for function, points in ((flow.transform.forward, z), (flow.transform.inverse, x)):
            error = properties.log_det_error(function, points, embedded)
            assert error.max() > properties.LOG_DET_BAR
