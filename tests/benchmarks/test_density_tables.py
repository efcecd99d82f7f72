"""The splits of the density benchmark, and the density that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from benchmarks.density import tables


@pytest.mark.parametrize("count", [10, 569, 1001])
def test_a_row_is_in_one_part_only(count: int) -> None:
    train, validation, test = tables.cut(count, seed=1)
    together = np.concatenate([train, validation, test])
    assert sorted(together) == list(range(count))
    assert len(train) == int(0.8 * count)
    assert len(validation) == int(0.9 * count) - int(0.8 * count)


def test_a_seed_is_a_split() -> None:
    again = [tables.cut(100, seed=3)[2] for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert set(tables.cut(100, seed=4)[2]) != set(again[0])


def test_columns_are_in_units_of_the_80_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = np.random.default_rng(0).normal(3, 7, size=(200, 2))
    monkeypatch.setitem(tables.TABLES, "magic", lambda: raw)
    split = tables.split("magic", seed=0)
    np.testing.assert_allclose(split.train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(split.train.std(0), 1, atol=1e-12)
    back = np.concatenate([split.both, split.test]) * split.scale + split.loc
    np.testing.assert_allclose(np.sort(back, 0), np.sort(raw, 0), atol=1e-12)


def test_twonorm_is_judged_by_fresh_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tables.draws(500, 20, seed=9)
    monkeypatch.setitem(tables.TABLES, "twonorm", lambda: raw)
    split = tables.split("twonorm", seed=0)
    assert split.test.shape == (tables.FRESH, 20)
    fresh = split.test[:, 0] * split.scale[0] + split.loc[0]
    assert not np.isin(fresh.round(9), raw[:, 0].round(9)).any()


def test_the_truth_is_the_mixtures_density() -> None:
    loc, scale = np.array([0.3, -0.2, 0.1]), np.array([1.1, 0.9, 2.0])
    raw = tables.draws(50, 3, seed=0)
    a = tables.shift(3) * np.ones(3)
    one, two = (multivariate_normal(mean, np.eye(3)).pdf(raw) for mean in (a, -a))
    expected = np.log((one + two) / 2) + np.log(scale).sum()  # one unit is `scale` raw ones
    found = tables.truth((raw - loc) / scale, loc, scale)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_draws_follow_the_law() -> None:
    rows = tables.draws(20_000, 20, seed=0)
    a = tables.shift(20)
    # Off the diagonal the covariance is a²; each of these errs by about 0.007 (1 / √20000).
    covariance = np.cov(rows.T)
    expected = np.eye(20) + a * a
    assert np.abs(covariance - expected).max() < 0.06  # eight deviations at most
