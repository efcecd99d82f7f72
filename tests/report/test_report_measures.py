"""The numbers behind the pictures, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pushforward.report.history import TERMS, read_curves
from pushforward.report.latents import chi_squared
from pushforward.report.measures import (
    bin_edges,
    by_chance,
    ks_normal,
    ks_two,
    most_related,
    rank_correlation,
    robust_range,
    shares,
)

RNG = np.random.default_rng(5)


def test_distances_are_scipys() -> None:
    a, b = RNG.normal(size=300), RNG.normal(0.3, 1.2, size=200)
    assert ks_two(a, b) == pytest.approx(scipy.stats.ks_2samp(a, b).statistic)
    assert ks_normal(b) == pytest.approx(scipy.stats.kstest(b, "norm").statistic)
    assert chi_squared(np.array(0.9), 7) == pytest.approx(scipy.stats.chi2.ppf(0.9, 7))
    critical = scipy.stats.kstwo.ppf(0.95, 1000)
    assert by_chance(1000) == pytest.approx(critical, rel=0.01)


def test_rank_correlation_is_scipys_with_ties_too() -> None:
    values = np.round(RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 3)), 0)
    assert np.allclose(rank_correlation(values), scipy.stats.spearmanr(values).statistic)
    assert not rank_correlation(np.ones((5, 2))).any()


def test_shares_count_what_lies_outside() -> None:
    values = np.array([0.1, 0.2, 0.9, 99.0])
    assert shares(values, np.array([0.0, 0.5, 1.0])).tolist() == [0.5, 0.25]


def test_ranges_are_never_empty() -> None:
    for value in (0.0, -3.0, 1e30, 1e-30):
        low, high = robust_range(np.full(5, value))
        assert low < value < high
        assert len(bin_edges(np.full(5, value), low, high)) >= 2


def test_whole_numbers_have_edges_between_them() -> None:
    edges = bin_edges(RNG.integers(0, 5, 500).astype(float), -0.2, 4.2)
    assert edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_related_columns_are_found() -> None:
    values = RNG.normal(size=(400, 8))
    values[:, 6] = values[:, 2] + 0.1 * values[:, 6]
    values[:, 4] = values[:, 6] + 0.1 * values[:, 4]
    assert most_related(values, 3) == [2, 4, 6]


def test_history_with_events_and_long_times() -> None:
    terms = {"nll": 3.0, "nll_base": 1.0, "nll_log_det": 2.0}
    history = [
        {"epoch": 1, "seconds": 600.0, "best": True, "train": terms, "validation": terms},
        {"event": "non-finite step undone", "epoch": 2, "layer": "x"},
        {"epoch": 2, "seconds": 1200.0, "best": False, "train": terms, "validation": terms},
        {"event": "non-finite step undone", "epoch": 3, "layer": "x"},  # that epoch never ended
    ]
    curves = read_curves(history)
    assert curves is not None
    assert curves.unit == "minutes"
    assert curves.time.tolist() == [10.0, 20.0]
    assert curves.undone.tolist() == [15.0, 20.0]
    assert curves.kept == [0]
    assert curves.judged
    assert read_curves([]) is None


def test_flows_trained_in_turn_are_apart_and_each_keeps_its_best() -> None:
    history = [
        {
            "epoch": k + 1,
            "seconds": float(k),
            "fold": k // 3,
            "best": k in (0, 1, 3),
            "train": dict.fromkeys(TERMS, 1.0),
            "validation": dict.fromkeys(TERMS, float(k)),
        }
        for k in range(6)
    ]
    curves = read_curves(history)
    assert curves is not None
    assert np.isnan(curves.validation[3]).all()
    assert curves.validation[curves.kept, 0].tolist() == [1.0, 3.0]
