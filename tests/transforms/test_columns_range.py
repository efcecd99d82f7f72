"""Where a column ends: what lies beyond the range that was seen, and numbers that recur."""

import math

import pytest
import torch

from pushforward.transforms.columns import Limit
from pushforward.transforms.columns.atoms import atoms
from pushforward.transforms.columns.cells import Cells
from pushforward.transforms.columns.real import Real


@pytest.fixture
def double():
    """Everything in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def seen(column, x: torch.Tensor):
    """A column that has seen x (n), and an answer of the network that is not what it began with."""
    raw = column.start(x)
    return raw + 0.5 * torch.randn(raw.shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("n", [9, 999])
@pytest.mark.parametrize("kind", ["real", "positive", "cells"])
def test_one_in_n_plus_one_lies_beyond_the_range(double, n, kind):
    x = torch.randn(n, generator=torch.Generator().manual_seed(1))
    x = x.exp() if kind == "positive" else (100 * x).round() if kind == "cells" else x
    column = Cells(8) if kind == "cells" else Real(8, lower=0.0 if kind == "positive" else None)
    raw = seen(column, x)[None]
    low, high = (column.coordinate.inverse(end)[None] for end in column.coordinate.ends)
    if kind == "cells":
        low, high = (low + 0.5).round(), (high - 0.5).round()
    below, above = column.tails(raw, low)[0], column.tails(raw, high)[1]
    total = float(below.exp() + above.exp())
    assert total == pytest.approx(
        1 / (n + 1), rel=1e-5
    )  # the ends are wider by a rounding of float32
    assert (low <= x.min() + 1e-9).all()
    assert (high >= x.max() - 1e-9).all()


def test_far_beyond_the_range_is_improbable_but_not_as_good_as_impossible(double):
    column = Cells(8)
    raw = seen(column, torch.arange(1000.0))[None]
    far = torch.tensor([1e5, 1e6, 1e7])
    log_p = torch.cat([column.log_prob(raw, k[None]) for k in far])
    falls = log_p.diff() / math.log(10)  # a density that is a power: -3
    assert torch.allclose(falls, torch.tensor(-3.0), atol=0.02)


def test_no_number_in_the_range_is_rarer_than_anywhere(double):
    x = torch.randn(2000, generator=torch.Generator().manual_seed(0)).mul(10).round()
    x = torch.cat([x, torch.tensor([5000.0])])  # 500 deviations off
    column = Cells(8)
    raw = seen(column, x)[None]
    cells = float(x.max() - x.min()) + 1
    least = math.log(1 / (2 * (len(x) + 1)) / cells)
    assert float(column.log_prob(raw, torch.tensor([2500.0]))) >= least - 1e-9
    drawn, _ = column.draw(raw.expand(100_000, -1), None, torch.Generator().manual_seed(0))
    far = float(((drawn > 1000) & (drawn < 5000)).double().mean())
    wanted = math.exp(least) * 3999
    # 5 deviations: by chance once in two million seeds
    assert abs(far - wanted) < 5 * math.sqrt(wanted / 100_000)


@pytest.mark.parametrize("limit", [Limit(low=40.0), Limit(high=-40.0), Limit(-1e3, 1e3), None])
def test_draws_beyond_the_range_follow_the_tails(double, limit):
    column = Cells(8)
    x = torch.randn(9, generator=torch.Generator().manual_seed(1)).mul(10).round()
    raw = seen(column, x).expand(100_000, -1)
    drawn, log_mass = column.draw(raw, limit, torch.Generator().manual_seed(0))
    low, high = (limit.low, limit.high) if limit else (-math.inf, math.inf)
    assert bool(((drawn >= low) & (drawn <= high)).all())
    for cut in (-60.0, -45.0, float(x.min()), 0.0, float(x.max()), 45.0, 60.0):
        if low < cut < high:  # P(X < cut) among the allowed ones
            at = torch.tensor([cut])
            below = column.tails(raw[:1], at)[0].exp()
            if math.isfinite(low):
                below = below - column.tails(raw[:1], torch.tensor([low]))[0].exp()
            wanted = float(below / log_mass[0].exp())
            got = float((drawn < cut).double().mean())
            # 5 deviations: by chance once in 60,000 runs of a hundred such comparisons
            assert abs(got - wanted) < 5 * math.sqrt(wanted * (1 - wanted) / len(drawn)) + 1e-9


def test_numbers_that_stand_out_are_atoms_even_if_rare():
    g = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(50_000, generator=g).mul(100).add(600).round(), torch.zeros(7)])
    assert atoms(x).tolist() == [0.0]
    heaped = torch.cat([x, torch.full((3000,), 500.0)])
    assert atoms(heaped).tolist() == [500.0, 0.0]


def test_smooth_columns_have_no_atoms():
    """A false one is rarer than once in a hundred columns of this kind."""
    g = torch.Generator().manual_seed(0)
    for scale in (50.0, 500.0, 1e5):
        x = torch.randn(50_000, generator=g).mul(scale).round()
        assert len(atoms(x)) == 0


def test_a_turn_is_whole_its_seam_included(double):
    column = Real(8, lower=0.0, upper=360.0, period=True)
    x = torch.rand(500, generator=torch.Generator().manual_seed(0)) * 360
    raw = seen(column, x)[None]
    grid = torch.arange(0.0, 360.0, 0.01)
    assert bool(column.supports(grid).all())
    assert column.supports(torch.tensor([-0.01, 360.0, 361.0])).tolist() == [False, True, False]
    log_p = column.log_prob(raw.expand(len(grid), -1), grid)
    assert float(log_p.exp().mean() * 360) == pytest.approx(1, abs=1e-4)
    assert float(log_p.max()) < math.log(10 / 360)  # no spike at the seam, nor elsewhere
    drawn, _ = column.draw(raw.expand(20_000, -1), None, torch.Generator().manual_seed(1))
    assert bool(column.supports(drawn).all())
