"""`FlowAnomaly`: the threshold keeps its promise, and comes from rows that were set aside."""

import math

import numpy as np
import pytest
from scipy.stats import beta

import pushforward as pf
from pushforward.errors import ConfigurationError, DataError
from pushforward.estimator import anomaly as module
from pushforward.estimator.anomaly import (
    calibration_rows,
    conformal_threshold,
    least_calibration,
    rank,
)


def rows(n=400, seed=0):
    """A bent cloud (n, 2)."""
    x = np.random.default_rng(seed).normal(size=(n, 2))
    x[:, 1] = 0.5 * x[:, 1] + x[:, 0] ** 2
    return x


def detector(**arguments):
    return pf.FlowAnomaly(**({"random_state": 0, "time_budget": 0.1} | arguments))


@pytest.mark.parametrize("m", [5, 9, 20, 37])
@pytest.mark.parametrize("contamination", [0.03, 0.1, 0.25, 0.5])
def test_a_fresh_score_is_flagged_at_most_that_often(m, contamination):
    """Over calibrations: k / (m + 1) exactly, which is at most the contamination.

    Each of the 16 cases fails once in 10⁶ (five standard errors).
    """
    trials = 20_000
    scores = np.random.default_rng(m).standard_cauchy((trials, m + 1))
    flagged = np.mean([s[0] < conformal_threshold(s[1:], contamination) for s in scores])
    expected = rank(m, contamination) / (m + 1)
    assert expected <= contamination * (1 + 1e-11)
    assert abs(flagged - expected) <= 5 * math.sqrt(expected * (1 - expected) / trials)


def test_ties_are_flagged_less_often_not_more():
    trials = 20_000
    scores = np.random.default_rng(0).integers(0, 4, (trials, 20)).astype(float)
    flagged = np.mean([s[0] < conformal_threshold(s[1:], 0.3) for s in scores])
    assert flagged <= 0.3


def test_the_threshold_is_the_conformal_quantile():
    scores = np.random.default_rng(0).permutation(99) + 1.0  # 1 … 99
    assert conformal_threshold(scores, 0.1) == 10
    assert conformal_threshold(scores, 0.29) == 29  # 0.29 · 100 is just below 29 in floats
    assert conformal_threshold(scores, 0.01) == 1
    assert conformal_threshold(scores, 0.009) == -math.inf


@pytest.mark.parametrize("contamination", [0.5, 0.3, 0.1, 1 / 49, 0.01, 0.001, 1e-4])
def test_the_fewest_rows_that_can_flag_are_the_fewest(contamination):
    least = least_calibration(contamination)
    assert rank(least, contamination) == 1
    assert rank(least - 1, contamination) == 0


def test_a_fifth_of_the_rows_calibrates_and_more_where_it_must():
    assert calibration_rows(1000, 0.1) == 200
    assert calibration_rows(1_000_000, 0.1) == 10_000
    assert calibration_rows(100, 0.03) == 33
    assert calibration_rows(40, 0.03) == 20
    assert calibration_rows(2, 0.1) == 1


@pytest.mark.parametrize("contamination", [0.05, 0.2, 0.5])
def test_the_share_of_fresh_rows_flagged_follows_its_law(contamination):
    """A Beta law over calibrations; the bounds hold but once in 10⁵, and the rows' own noise."""
    model = detector(contamination=contamination).fit(rows())
    m = model.n_calibration_
    k = rank(m, contamination)
    low, high = beta(k, m + 1 - k).ppf([5e-6, 1 - 5e-6])
    share = np.mean(model.predict(rows(20_000, seed=1)) == -1)
    assert low - 0.02 < share < high + 0.02


def test_the_threshold_comes_from_rows_that_took_no_part_in_fitting(monkeypatch):
    seen = []
    fit = module.fit_rows

    def watched(estimator, x, *rest):
        seen.append(x.copy())
        return fit(estimator, x, *rest)

    monkeypatch.setattr(module, "fit_rows", watched)
    x = rows()
    model = detector().fit(x)
    (learned,) = seen
    known = {tuple(row) for row in learned}
    aside = np.array([row for row in x if tuple(row) not in known])
    assert len(learned) == 320
    assert len(aside) == model.n_calibration_ == 80
    assert model.offset_ == conformal_threshold(model.score_samples(aside), 0.1)
    assert np.sum(model.predict(aside) == -1) == rank(80, 0.1) - 1  # the k-th itself is not below


def test_predictions_are_the_sign_of_the_decision():
    model = detector().fit(rows())
    x = np.concatenate([rows(200, seed=1), [[40.0, -40.0]]])
    scores, decision, labels = model.score_samples(x), model.decision_function(x), model.predict(x)
    np.testing.assert_allclose(decision, scores - model.offset_)
    np.testing.assert_array_equal(labels, np.where(decision >= 0, 1, -1))
    assert labels.dtype.kind == "i"
    assert labels[-1] == -1
    assert set(labels) == {-1, 1}
    assert model.summary_
    assert model.flow_ is model.model_.flow


def test_fit_predict_is_fit_and_predict():
    x = rows()
    np.testing.assert_array_equal(detector().fit_predict(x), detector().fit(x).predict(x))


def test_too_few_rows_flag_nothing_and_are_told_of():
    with pytest.warns(
        UserWarning, match="10 of the rows set the threshold.*fit to 198 rows or more"
    ):
        model = detector(contamination=0.01).fit(rows(20))
    assert model.offset_ == -math.inf
    assert list(model.predict([[0.0, 0.0], [1e20, -1e20]])) == [1, 1]
    assert not np.isnan(model.decision_function([[0.0, 0.0], [1e300, -1e300]])).any()


def test_where_score_and_threshold_are_both_minus_infinity_nothing_is_flagged(monkeypatch):
    model = detector().fit(rows())
    monkeypatch.setattr(model, "score_samples", lambda _: np.array([-np.inf, 0.0]))
    assert list(model.predict(None)) == [-1, 1]
    model.offset_ = -math.inf
    assert list(model.decision_function(None)) == [0.0, math.inf]
    assert list(model.predict(None)) == [1, 1]


@pytest.mark.parametrize("contamination", [0, -0.1, 0.51, float("nan"), "auto", None])
def test_a_contamination_without_meaning_is_refused(contamination):
    with pytest.raises(ConfigurationError, match="contamination must be a number above 0"):
        detector(contamination=contamination).fit(rows())


def test_rows_that_have_no_density_are_refused():
    with pytest.raises(DataError):
        detector().fit(np.repeat(rows()[:, :1], 2, axis=1))


def test_data_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows(), columns=["height", "mass"])
    model = detector().fit(frame)
    assert model.model_.columns == ["height", "mass"]
    np.testing.assert_array_equal(model.fit_predict(frame), model.predict(frame))
