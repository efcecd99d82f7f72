"""Rows of mixed columns: masses add up to one, any order, any condition, both ways."""

import itertools
import math

import pytest
import torch

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flows import columns
from pushforward.transforms.columns import AnyOrder, Limit, Network
from pushforward.transforms.columns.cells import Cells
from pushforward.transforms.registry import perturb
from pushforward.transforms.stack.conditionals import standard_log_prob

CATEGORY = {"kind": "category", "size": 3}
CELLS = {"kind": "cells", "lower": 0, "upper": 4, "components": 3}
ATOMS = {"kind": "cells", "lower": -2, "upper": 3, "atoms": 2, "components": 3}
OPEN = {"kind": "cells", "lower": 0, "atoms": 1, "components": 2}
REALS = [
    {"kind": "real", "components": 4},
    {"kind": "real", "lower": 0.0, "components": 4},
    {"kind": "real", "lower": -1.0, "upper": 2.0, "components": 4},
    {"kind": "real", "lower": 0.0, "upper": 360.0, "period": True, "components": 4},
]
CLOSED = {
    "kind": "real",
    "lower": 0.0,
    "upper": 1.0,
    "closed": ["lower", "upper"],
    "components": 3,
}
HALF = {"kind": "real", "lower": 0.0, "closed": ["lower"], "components": 3}
MIXED = [CATEGORY, ATOMS, REALS[0], REALS[2], OPEN, CLOSED, HALF]


def rows(records: list[dict], n: int, seed: int = 0) -> torch.Tensor:
    """Some rows of every column's support, in the default dtype."""
    g = torch.Generator().manual_seed(seed)
    cols = []
    for r in records:
        if r["kind"] == "category":
            cols.append(
                torch.randint(0, r["size"], (n,), generator=g).to(torch.get_default_dtype())
            )
        elif r["kind"] == "cells":
            low, high = r.get("lower", -3), r.get("upper", 5)
            cols.append(
                torch.randint(low, high + 1, (n,), generator=g).to(torch.get_default_dtype())
            )
        else:
            low, high = r.get("lower"), r.get("upper")
            z = torch.randn(n, generator=g)
            if low is None:
                cols.append(z)
            elif high is None:
                cols.append(low + z.exp())
            else:
                inside = low + (high - low) * z.sigmoid()
                if r.get("closed"):
                    inside = torch.where(z < -1, low, torch.where(z > 1, high, inside))
                cols.append(inside)
    return torch.stack(cols, -1)


def model(records: list[dict], networks: int = 1, context: int = 0, seed: int = 0) -> AnyOrder:
    """A model that has seen rows, with every weight moved."""
    torch.manual_seed(seed)
    layer = AnyOrder([Network(records, context, width=8, blocks=1) for _ in range(networks)])
    layer.initialize(rows(records, 300, seed))
    perturb(layer, torch.Generator().manual_seed(seed))
    layer.requires_grad_(False)
    layer.log_weights.copy_(torch.arange(networks, dtype=torch.get_default_dtype()))
    return layer.eval()


@pytest.fixture
def double():
    """Everything in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def everything(records: list[dict]) -> torch.Tensor:
    """Every row of a small finite space."""
    ranges = [
        range(r["size"]) if r["kind"] == "category" else range(r["lower"], r["upper"] + 1)
        for r in records
    ]
    return torch.tensor(list(itertools.product(*ranges)), dtype=torch.get_default_dtype())


@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_the_masses_of_all_rows_add_up_to_one(double, networks, order):
    records = [CATEGORY, CELLS, ATOMS]
    layer = model(records, networks)
    layer.take(order)
    total = layer.log_prob(everything(records)).double().exp().sum()
    assert float(total) == pytest.approx(1, abs=1e-9)


def test_cells_without_an_upper_end_add_up_to_one(double):
    layer = model([OPEN])
    k = torch.arange(0.0, 2e5)[:, None]
    total = layer.log_prob(k).exp().sum()
    _, above, _, _ = layer.columns[0].tails(layer.walk(1).raw(0, torch.zeros(1).long())[0], k[-1])
    assert float(total + above.exp()) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("record", [*REALS, CLOSED, HALF])
def test_densities_integrate_to_what_the_tails_say(double, record):
    layer = model([record])
    column = layer.columns[0]
    ends = column.coordinate.ends  # where the density jumps
    y = torch.cat([torch.linspace(-5, 5, 400_001), *(ends + e for e in (-1e-12, 0, 1e-12))])
    x = column.at(y.sort().values)
    inside = torch.trapezoid(layer.log_prob(x[:, None]).exp(), x)
    raw = layer.walk(1).raw(0, torch.zeros(1).long())[0]
    below, *_ = column.tails(raw, x[:1])
    _, above, *_ = column.tails(raw, x[-1:])
    assert float(inside + below.exp() + above.exp()) == pytest.approx(1, abs=1e-6)


def test_a_closed_bound_has_a_probability(double):
    layer = model([CLOSED])
    masses = layer.log_prob(torch.tensor([[0.0], [1.0]])).exp()
    drawn = layer.generate(torch.zeros(20_000, 1), None, torch.Generator().manual_seed(0))[:, 0]
    for end, mass in ((0.0, masses[0]), (1.0, masses[1])):
        assert 0.01 < float(mass) < 0.99
        error = float((mass * (1 - mass) / 20_000).sqrt())
        assert abs(float((drawn == end).double().mean() - mass)) <= 5 * error
    assert bool(((drawn >= 0) & (drawn <= 1)).all())
    assert layer.log_prob(torch.tensor([[-0.1], [1.1]])).tolist() == [-math.inf] * 2


@pytest.mark.parametrize("networks", [1, 2])
def test_a_row_with_missing_cells_has_its_marginal(networks):
    records = [CATEGORY, CELLS, ATOMS]
    layer = model(records, networks)
    layer.take([0, 1, 2])
    every = everything(records)
    joint = layer.log_prob(every)
    for known in ([0], [0, 1]):
        some = every.clone()
        some[:, [j for j in range(3) if j not in known]] = math.nan
        marginal = layer.log_prob(some)
        for i in (0, 17, len(every) - 1):
            same = (every[:, known] == every[i, known]).all(1)
            assert float(marginal[i]) == pytest.approx(float(joint[same].logsumexp(0)), abs=1e-5)
    assert layer.log_prob(torch.full((2, 3), math.nan)).tolist() == [0, 0]


@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("context", [0, 2])
def test_latents_lead_back_and_their_log_det_makes_up_for_the_draw(double, networks, context):
    layer = model(MIXED, networks, context)
    x = rows(MIXED, 64, seed=1)
    given = torch.randn(64, context) if context else None
    torch.manual_seed(2)
    z, log_det = layer.inverse(x, given)
    back, forth = layer.forward(z, given)
    assert torch.allclose(back, x, rtol=1e-9, atol=1e-9)
    log_prob = layer.log_prob(x, given)
    assert torch.allclose(standard_log_prob(z) + log_det, log_prob, atol=1e-9)
    assert torch.allclose(forth, -log_det, atol=1e-6)


def test_latents_of_numbers_over_many_orders_of_magnitude_lead_back():
    torch.manual_seed(0)
    layer = AnyOrder([Network([REALS[1]], width=8, blocks=1)])
    x = (5 * torch.randn(500, 1)).exp()
    layer.initialize(x)
    layer.eval()
    z, _ = layer.inverse(x)
    assert torch.allclose(layer.forward(z)[0], x, rtol=1e-3)


def test_latents_of_missing_cells_are_drawn_and_cost_nothing():
    layer = model(MIXED)
    x = rows(MIXED, 50)
    x[:, [1, 2]] = math.nan
    z, log_det = layer.inverse(x)
    assert z.isfinite().all()
    assert torch.allclose(standard_log_prob(z) + log_det, layer.log_prob(x), atol=1e-4)


def test_latents_of_draws_are_standard_normal():
    """Each column's p-value by Kolmogorov-Smirnov is above 1e-4: fails by chance 1 in 2,000."""
    from scipy.stats import kstest

    layer = model(MIXED)
    torch.manual_seed(0)
    x = layer.generate(torch.zeros(4000, len(MIXED)), generator=torch.Generator().manual_seed(1))
    z, _ = layer.inverse(x)
    assert all(kstest(z[:, j].double().numpy(), "norm").pvalue > 1e-4 for j in range(len(MIXED)))


def test_narrow_cells_keep_their_digits():
    """A step of 1e-8 deviations in float32 against float64: three digits of the mass."""
    torch.manual_seed(0)
    column = Cells(8, components=3)
    raw = torch.randn(1, column.size)
    column.coordinate.scale.fill_(1e8)
    for k in (0.0, 3.0, -1e6, 8e6):
        x = torch.tensor([k])
        single = column.log_prob(raw, x)
        double = Cells(8, components=3).double()
        double.coordinate.scale.fill_(1e8)
        assert float(single) == pytest.approx(
            float(double.log_prob(raw.double(), x.double())), abs=1e-3
        )


@pytest.mark.parametrize("limit", [Limit(1, 2), Limit(codes=(0, 2)), Limit(-9, 0)])
def test_limits_give_the_law_of_what_is_left(limit):
    """Counts of 20,000 draws against the exact conditional: within 5 standard errors."""
    records = [CATEGORY, CELLS, ATOMS]
    layer = model(records, networks=2)
    n = 20_000
    x = torch.full((n, 3), math.nan)
    x[:, 1] = 2.0
    generator = torch.Generator().manual_seed(0)
    column = 0 if limit.codes else 2
    drawn, weight = layer.complete(x, None, {column: limit}, generator)
    every = everything(records)
    order = [1, column, 2 if column == 0 else 0]
    joint = layer.log_prob(every, order=order).double().exp()
    allowed = (
        torch.isin(every[:, column], torch.tensor(limit.codes, dtype=every.dtype))
        if limit.codes
        else (every[:, column] >= limit.low) & (every[:, column] <= limit.high)
    )
    inside = allowed & (every[:, 1] == 2)
    exact = joint * inside / (joint * inside).sum()
    place = (drawn[:, None] == every).all(-1).int().argmax(-1)
    share = torch.bincount(place, minlength=len(every)).double() / n
    error = (exact * (1 - exact) / n).sqrt()
    assert bool(((share - exact).abs() <= 5 * error + 1e-9).all())
    given = joint[every[:, 1] == 2].sum()
    assert float(weight.exp().mean()) == pytest.approx(float(joint[inside].sum() / given), rel=1e-4)
    assert float(weight.std()) < 1e-4  # one limit: every draw weighs the same


def test_two_limits_are_weighed():
    """The weighted share of a level, against the exact one, within 5 standard errors."""
    records = [CATEGORY, CELLS, ATOMS]
    layer = model(records)
    n = 20_000
    limits = {1: Limit(3, 9), 2: Limit(1, 9)}
    drawn, log_weight = layer.complete(
        torch.full((n, 3), math.nan), None, limits, torch.Generator().manual_seed(0)
    )
    every = everything(records)
    joint = layer.log_prob(every, order=[1, 2, 0]).double().exp()
    inside = (every[:, 1] >= 3) & (every[:, 2] >= 1)
    exact = joint[inside & (every[:, 0] == 1)].sum() / joint[inside].sum()
    weight = log_weight.double().exp()
    hit = (drawn[:, 0] == 1).double()
    found = (weight * hit).sum() / weight.sum()
    error = ((weight / weight.sum() * (hit - found)).square().sum()).sqrt()
    assert abs(float(found - exact)) <= 5 * float(error)
    assert float(weight.mean()) == pytest.approx(float(joint[inside].sum()), rel=0.05)


def test_training_terms_estimate_the_mean_over_orders():
    """Half over all orders, half over the layer's own: within 5 standard errors."""
    records = [CATEGORY, CELLS, ATOMS]
    layer = model(records)
    x = rows(records, 1)
    every = torch.stack(
        [layer.log_prob(x, order=list(o)) for o in itertools.permutations(range(3))]
    ).mean()
    own = layer.log_prob(x)
    layer.train()
    torch.manual_seed(0)
    with torch.no_grad():
        found = layer._estimate(x.expand(40_000, 3), None)
    for part, wanted in ((found[:20_000], own), (found[20_000:], every)):
        error = float(part.std() / len(part) ** 0.5)
        assert abs(float(part.mean() - wanted)) <= 5 * error


def test_what_cannot_be_is_minus_infinity_and_missing_rows_teach_nothing():
    layer = model(MIXED)
    good = rows(MIXED, 1)
    for j, value in ((0, 3.0), (0, 0.5), (1, -3.0), (1, 0.5), (3, 2.0), (3, -1.0), (4, -1.0)):
        bad = good.clone()
        bad[0, j] = value
        assert layer.log_prob(bad).tolist() == [-math.inf]
    layer.train().requires_grad_(True)
    x = rows(MIXED, 40)
    x[:, 0] = math.nan
    layer._estimate(x, None).sum().backward()
    network = layer.networks[0]
    assert network.heads[0].weight.grad is None or not network.heads[0].weight.grad.any()
    assert network.heads[1].weight.grad.isfinite().all()


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_extremes_keep_finite_gradients(size):
    records = [REALS[0], {"kind": "cells", "components": 3}]
    layer = model(records).requires_grad_(True)
    x = torch.tensor([[size, size], [-size, -size]]).round()
    log_prob = layer.log_prob(x)
    assert log_prob.isfinite().all()
    log_prob.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in layer.parameters())


def test_batches_do_not_matter_and_none_is_fine():
    layer = model(MIXED, networks=2)
    x = rows(MIXED, 33)
    x[::3, 2] = math.nan
    together = layer.log_prob(x)
    alone = torch.cat([layer.log_prob(one[None]) for one in x])
    assert torch.allclose(together, alone, rtol=1e-5, atol=1e-5)
    assert layer.log_prob(x[:0]).shape == (0,)
    assert layer.inverse(x[:0])[0].shape == (0, len(MIXED))


def test_gradients_of_the_density(double):
    records = [CATEGORY, REALS[1], CELLS]
    layer = model(records)
    x = rows(records, 3)

    def of(value: torch.Tensor) -> torch.Tensor:
        return layer.log_prob(torch.stack([x[:, 0], value, x[:, 2]], -1))

    assert torch.autograd.gradcheck(of, x[:, 1].clone().requires_grad_())


def test_the_recipe_is_fitted_saved_and_loaded(tmp_path):
    import pushforward as pf

    torch.manual_seed(0)
    flow = columns(len(MIXED), MIXED, networks=[{"width": 8, "blocks": 1}])
    x = rows(MIXED, 200)
    x[::5, 1] = math.nan
    result = pf.fit(flow, x, epochs=2)
    assert math.isfinite(result.nll)
    pf.save(flow, tmp_path / "model")
    again = pf.load(tmp_path / "model")
    assert torch.equal(again.log_prob(x), flow.log_prob(x))
    assert flow.kind == "exact"
    assert flow.sample((2, 3)).shape == (2, 3, len(MIXED))


def test_senseless_columns_are_refused():
    with pytest.raises(ConfigurationError, match="3 columns need as many records"):
        columns(3, [CATEGORY])
    with pytest.raises(ConfigurationError, match="not 'colour'"):
        columns(1, [{"kind": "colour"}])
    with pytest.raises(ConfigurationError, match="1 level or more"):
        columns(1, [{"kind": "category", "size": 0}])
    with pytest.raises(ConfigurationError, match="not described"):
        columns(1, [{"kind": "real", "size": 3}])
    with pytest.raises(ShapeError, match="each of 2 columns once"):
        columns(2).transform[0].take([0, 0])
