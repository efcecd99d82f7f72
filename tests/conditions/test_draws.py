"""Rows given a condition: against draws without it of which the others are thrown away."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats

import mixed
from pushforward.conditions import Conditional, any_order
from pushforward.conditions.draws import resampled
from pushforward.errors import ConfigurationError, ModelError
from pushforward.flows import columns, nsf
from pushforward.transforms.columns import AnyOrder, Limit

FREE = torch.full((4,), math.nan)


@pytest.fixture(scope="module")
def layer() -> AnyOrder:
    return mixed.fitted(800, 8)


def known(**values: float) -> torch.Tensor:
    """A row (4) with some columns told: k, x, count, size."""
    row = FREE.clone()
    for name, value in values.items():
        row[["k", "x", "count", "size"].index(name)] = value
    return row


def meets(rows: torch.Tensor, row: torch.Tensor, limits: dict[int, Limit]) -> torch.Tensor:
    good = (row.isnan() | (rows == row)).all(-1)
    for j, limit in limits.items():
        inside = (rows[:, j] >= limit.low) & (rows[:, j] <= limit.high)
        codes = torch.isin(rows[:, j], torch.tensor(limit.codes, dtype=rows.dtype))
        good &= codes if limit.codes else inside
    return good


def free_rows(layer: AnyOrder, first: list[int]) -> torch.Tensor:
    """30,000 rows of which nothing is told, these columns first."""
    before = layer.order.tolist()
    layer.take([*first, *(j for j in before if j not in first)])
    try:
        return layer.generate(torch.zeros(30_000, 4), generator=torch.Generator().manual_seed(2))
    finally:
        layer.take(before)


CASES = {
    "a category": (known(k=2), {}),
    "a count": (known(count=3), {}),
    "a category and a bound": (known(k=0), {2: Limit(2, math.inf)}),
    "codes": (FREE, {0: Limit(codes=(0, 2))}),
    "an interval": (FREE, {1: Limit(0.5, 1.0)}),
    "two intervals": (FREE, {1: Limit(1.0, math.inf), 2: Limit(0, 1)}),
    "three limits": (FREE, {3: Limit(1, 4), 0: Limit(codes=(1, 2)), 1: Limit(-1, 1.5)}),
    "a count and two limits": (known(count=2), {3: Limit(2, 5), 1: Limit(0, 1)}),
}


@pytest.mark.parametrize("case", CASES)
def test_against_rejection(layer, case):
    """Each of 4 columns by Kolmogorov and Smirnov's test, p > 1e-4: seeded, so that it holds."""
    row, limits = CASES[case]
    given = Conditional(layer, row, limits, seed=1)
    drawn = torch.cat(list(given.rows(2000)))
    assert meets(drawn, row, limits).all()
    told = [j for j in range(4) if not row[j].isnan()]
    first = [*told, *given.limits]
    free = free_rows(layer, first)
    good = meets(free, row, limits)
    share = float(good.double().mean())
    error = math.sqrt((1 - share) / share / len(free)) + given.error
    assert abs(math.log(share) - given.log_prob) < 4 * error
    assert given.exact == (len(limits) < 2)
    for j in set(range(4)) - set(told):
        assert stats.ks_2samp(drawn[:, j].numpy(), free[good, j].numpy()).pvalue > 1e-4


@pytest.mark.parametrize("case", ["a category and a bound", "two intervals"])
def test_the_other_order_against_rejection(layer, case):
    """Within 4 standard errors: seeded, so that it holds."""
    row, limits = CASES[case]
    given = Conditional(layer, row, limits, seed=1)
    told = [j for j in range(4) if not row[j].isnan()]
    first = [*reversed(given.limits), *told]
    free = free_rows(layer, first)
    share = float(meets(free, row, limits).double().mean())
    error = math.sqrt((1 - share) / share / len(free)) + 0.02  # that of 4,096 weights
    assert abs(math.log(share) - given.other_order()) < 4 * error


def test_the_other_order_of_what_is_known_alone(layer):
    row = known(k=1, count=2)
    given = Conditional(layer, row, {})
    with torch.no_grad():
        wanted = float(layer.log_prob(row[None], order=[2, 0, 1, 3])[0])
        same = float(layer.log_prob(row[None], order=[0, 2, 1, 3])[0])
    assert {round(given.other_order(), 5), round(given.log_prob, 5)} == {
        round(wanted, 5),
        round(same, 5),
    }
    assert Conditional(layer, known(k=1), {}).other_order() is None


def test_a_known_number_counts_by_its_density(layer):
    given = Conditional(layer, known(x=0.4), {0: Limit(codes=(0, 1))})
    assert given.exact
    both = torch.stack([known(k=code, x=0.4) for code in (0.0, 1.0)])
    joint = layer.log_prob(both, order=[1, 0, 2, 3]).logsumexp(0)
    assert given.log_prob == pytest.approx(float(joint), abs=1e-4)


def test_marginals_come_of_conditionals(layer):
    """Σ_k P(k) · P(count | k) is P(count), in an order that begins with k."""
    of_k = [Conditional(layer, known(k=k), {}).log_prob for k in range(3)]
    assert np.exp(of_k).sum() == pytest.approx(1, abs=1e-5)
    order = [0, 2, 1, 3]
    both = [
        layer.log_prob(known(k=k, count=n)[None], order=order)[0]
        for k, n in product(range(3), range(60))
    ]
    assert float(torch.stack(both).exp().sum()) == pytest.approx(1, abs=1e-3)
    bounded = Conditional(layer, known(k=1), {2: Limit(0, 2)}).log_prob
    cells = torch.stack([known(k=1, count=n) for n in range(3)])
    assert bounded == pytest.approx(
        float(layer.log_prob(cells, order=order).logsumexp(0)), abs=1e-4
    )


def test_equal_calls_draw_alike_and_seeds_differ(layer):
    limits = {1: Limit(1.0, math.inf), 2: Limit(0, 1)}
    one, two, other = (Conditional(layer, FREE, limits, seed) for seed in (1, 1, 2))
    assert torch.equal(next(one.rows(5)), next(two.rows(5)))
    assert torch.equal(next(one.rows(5)), next(one.rows(5)))
    assert not torch.equal(next(one.rows(5)), next(other.rows(5)))


def test_blocks_are_bounded_and_add_up(layer, monkeypatch):
    monkeypatch.setattr("pushforward.conditions.draws.BLOCK", 512)
    for limits in ({}, {1: Limit(1.0, math.inf), 2: Limit(0, 1)}):
        sizes = [len(block) for block in Conditional(layer, FREE, limits).rows(1100)]
        assert sizes == [512, 512, 76]


@pytest.mark.parametrize(
    ("row", "limits"),
    [(known(k=7), {}), (known(size=-1), {}), (FREE, {3: Limit(-5, -1)}), (known(x=math.inf), {})],
)
def test_what_cannot_be(layer, row, limits):
    with pytest.raises(ConfigurationError, match="probability zero"):
        Conditional(layer, row, limits)


def test_what_is_hopeless(layer, monkeypatch):
    monkeypatch.setattr("pushforward.conditions.draws.HOPELESS", 4096.5)
    with pytest.raises(ConfigurationError, match=r"4096 draws are worth \d+\.\d; give fewer"):
        Conditional(layer, FREE, {1: Limit(1.0, math.inf), 2: Limit(0, 1)})


def test_other_flows_are_refused():
    with pytest.raises(ModelError, match="fit one that takes any, with --flow columns"):
        any_order(nsf(2))
    assert any_order(columns(2)).features == 2


def test_resampling_is_unbiased():
    """Each index comes as often as its weight says, but for less than one."""
    weights = torch.tensor([0.1, 0.0, 0.7, 0.2])
    found = resampled(weights.log(), 1003, torch.Generator().manual_seed(0))
    counts = torch.bincount(found, minlength=4)
    assert bool(((counts - 1003 * weights).abs() < 1).all())


@pytest.mark.slow
def test_ranks_among_conditional_draws_are_uniform():
    """Of fresh rows, given any of their columns: a chi-square test, p > 1e-4; seeded."""
    layer, draws, bins = mixed.fitted(6000, 30), 99, 10
    fresh = torch.tensor(mixed.rows(1500, 1), dtype=torch.float32)
    generator = torch.Generator().manual_seed(3)
    asked = torch.randint(4, (len(fresh),), generator=generator)
    told = torch.rand(fresh.shape, generator=generator) < torch.rand(
        len(fresh), 1, generator=generator
    )
    told[torch.arange(len(fresh)), asked] = False
    rows = torch.where(told, fresh, math.nan).repeat_interleave(draws, 0)
    parts = [layer.complete(part, None, None, generator)[0] for part in rows.split(8192)]
    drawn = torch.cat(parts).reshape(len(fresh), draws, 4)
    index = asked[:, None, None].expand(-1, draws, 1)
    ours = drawn.gather(2, index)[..., 0]
    truth = fresh.gather(1, asked[:, None])
    below, equal = (ours < truth).sum(1), (ours == truth).sum(1)
    luck = torch.rand(len(fresh), generator=generator)  # equal draws are as good as any
    rank = below + (luck * (equal + 1)).floor()
    for j in (*range(4), None):
        chosen = rank if j is None else rank[asked == j]
        counts = torch.histc(chosen, bins, 0, draws + 1)
        assert stats.chisquare(counts.numpy()).pvalue > 1e-4, j
