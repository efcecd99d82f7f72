"""The probability of boxes under a normal law."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import log_ndtr
from scipy.stats import multivariate_normal

from benchmarks.mixed.boxes import factor, log_box

EDGES = np.array([-np.inf, -1.0, 0.0, 0.5, np.inf])


def grid(features: int) -> tuple[np.ndarray, np.ndarray]:
    """All boxes between the edges: they fill the space."""
    places = list(itertools.product(range(len(EDGES) - 1), repeat=features))
    index = np.array(places)
    return EDGES[index], EDGES[index + 1]


def test_boxes_that_fill_the_space_have_probability_one() -> None:
    lower, upper = grid(3)
    covariance = np.array([[1, 0.7, 0.5], [0.7, 1, 0.3], [0.5, 0.3, 1.0]])
    mass = np.exp(log_box(lower, upper, covariance, draws=2000, seed=0))
    # An error of 0.0005 on a seed: the bar is ten of them.
    assert mass.sum() == pytest.approx(1, abs=0.005)
    corner = multivariate_normal.cdf([-1.0] * 3, cov=covariance)
    assert mass[0] == pytest.approx(corner, rel=0.05)


def test_without_dependence_it_is_exact_even_far_out() -> None:
    lower = np.array([[8.0, -np.inf], [-1.0, 30.0]])
    upper = np.array([[np.inf, 0.0], [1.0, np.inf]])
    found = log_box(lower, upper, np.eye(2), draws=3, seed=0)
    middle = np.log(np.exp(log_ndtr(1)) - np.exp(log_ndtr(-1)))
    expected = [log_ndtr(-8.0) + np.log(0.5), middle + log_ndtr(-30.0)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_an_empty_box_or_an_unknown_edge_has_none() -> None:
    lower, upper = np.array([[1.0, 0.0], [np.nan, 0.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])
    assert np.isneginf(log_box(lower, upper, np.eye(2), draws=4, seed=0)).all()
    assert log_box(lower[:0], upper[:0], np.eye(2), draws=4, seed=0).shape == (0,)


def test_a_singular_covariance_is_taken_as_nearly_so() -> None:
    twice = np.ones((2, 2))
    triangle = factor(twice)
    np.testing.assert_allclose(triangle @ triangle.T, twice, atol=1e-6)
    with pytest.raises(ValueError, match="not positive definite"):
        factor(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_dependent_boxes_agree_with_a_rectangle_by_inclusion() -> None:
    covariance = np.array([[1.0, -0.6], [-0.6, 1.0]])
    low, high = np.array([-0.3, 0.2]), np.array([0.4, 0.9])
    cdf = multivariate_normal(cov=covariance).cdf
    exact = cdf(high) - cdf([low[0], high[1]]) - cdf([high[0], low[1]]) + cdf(low)
    found = np.exp(log_box(low[None], high[None], covariance, draws=4000, seed=0)[0])
    assert found == pytest.approx(exact, rel=0.01)
