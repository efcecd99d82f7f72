"""The Gaussian and the mixture that a flow is measured by: right, fair, and never in the way."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

import tiny
from pushforward.diagnostics import baselines
from pushforward.diagnostics.baselines import Mixture, chosen_mixture, compare
from pushforward.tables import NumericTable
from pushforward.tables.fitting import Request, fit_table, split_rows


def table(n: int = 300, columns: str = "abc", scale: float = 1.0) -> NumericTable:
    values = tiny.rows(n, len(columns), dtype=torch.float64).numpy()
    return NumericTable("t.csv", list(columns), values * scale)


def fitted(data: NumericTable, *context: str, seed: int = 0):
    return fit_table(data, Request("maf", context, epochs=1, seed=seed))[0]


def by_name(figures: dict) -> dict[str, dict]:
    return {entry["name"].split(" (")[0].split(",")[0]: entry for entry in figures["models"]}


@pytest.mark.parametrize("seed", [0, 3])
def test_all_three_are_judged_on_the_held_out_rows(seed):
    data = table()
    model = fitted(data, seed=seed)
    figures = compare(model, data, seed)
    split = split_rows(300, seed)
    heldout, train = data.values[split.heldout], data.values[split.train]
    assert figures["rows"] == len(heldout) == model.training["heldout_rows"] == 30
    own = model.log_prob(heldout)
    assert math.isclose(by_name(figures)["this flow"]["nll"], -own.mean())
    assert math.isclose(by_name(figures)["this flow"]["error"], own.std() / 30**0.5)
    assert np.allclose(np.sort(own), model.heldout.numpy())
    gaussian = multivariate_normal(train.mean(0), np.cov(train.T, bias=True)).logpdf(heldout)
    assert by_name(figures)["Gaussian"]["nll"] == pytest.approx(-gaussian.mean(), abs=1e-3)
    for entry in figures["models"]:
        shift = np.log(train.std(0)).sum()
        assert entry["standardized"] == pytest.approx(entry["nll"] - shift)


def test_conditional_figures_are_the_joint_less_the_context():
    data = table()
    model = fitted(data, "b", "c")
    split = split_rows(300, 0)
    order = [0, 1, 2]  # a, then what it is given
    joint = data.values[:, order]
    train, heldout = joint[split.train], joint[split.heldout]
    mean, covariance = train.mean(0), np.cov(train.T, bias=True)
    # p(a | b, c) of a Gaussian is again one, by regression.
    weights = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    variance = covariance[0, 0] - covariance[0, 1:] @ weights
    centre = mean[0] + (heldout[:, 1:] - mean[1:]) @ weights
    direct = -0.5 * ((heldout[:, 0] - centre) ** 2 / variance + np.log(2 * np.pi * variance))
    figures = by_name(compare(model, data, 0))
    assert figures["Gaussian"]["nll"] == pytest.approx(-direct.mean(), abs=1e-3)
    own = model.log_prob(heldout[:, :1], heldout[:, 1:])
    assert math.isclose(figures["this flow"]["nll"], -own.mean())


def test_a_mixture_s_density_and_its_marginal():
    draw = np.random.default_rng(0)
    factors = draw.normal(size=(3, 2, 2))
    covariances = factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(2)
    mixture = Mixture(np.array([0.2, 0.5, 0.3]), draw.normal(size=(3, 2)), covariances)
    grid = np.linspace(-12, 12, 1201)
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1)
    density = np.exp(mixture.log_density(points.reshape(-1, 2))).reshape(1201, 1201)
    step = grid[1] - grid[0]
    assert density.sum() * step**2 == pytest.approx(1, abs=1e-6)
    marginal = np.exp(mixture.marginal(slice(1, None)).log_density(grid[:, None]))
    assert np.allclose(density.sum(0) * step, marginal, atol=1e-9)


def test_units_shift_every_figure_alike():
    one, other = table(), table(scale=1000.0)
    small, large = (by_name(compare(fitted(t), t, 0)) for t in (one, other))
    for name in small:
        shift = large[name]["nll"] - small[name]["nll"]
        assert shift == pytest.approx(3 * math.log(1000), abs=1e-3)


def test_one_gaussian_is_a_mixture_too():
    x = np.random.default_rng(0).normal(size=(400, 2))
    assert len(chosen_mixture(x, 0).weights) == 1
    two = np.concatenate([x - 6, x + 6])
    assert len(chosen_mixture(two, 0).weights) >= 2


def test_a_mixture_learns_from_the_whole_of_a_long_table(monkeypatch):
    """Not from its first rows, which may differ from its last."""
    monkeypatch.setattr(baselines, "MOST_ROWS", 200)
    values = np.random.default_rng(0).normal(size=(1000, 1))
    values[500:] += 50
    data = NumericTable("t.csv", ["a"], values)
    figures = by_name(compare(fitted(data), data, 0))
    assert figures["Gaussian mixture"]["nll"] < figures["Gaussian"]["nll"] - 1


@pytest.mark.parametrize("n", [2, 19])
def test_a_table_too_small_to_hold_rows_out(n):
    data = table(n)
    assert compare(fitted(data), data, 0) == {}


@pytest.mark.parametrize(("n", "columns"), [(20, "a"), (20, "abcdefgh"), (40, "abc")])
def test_small_tables(n, columns):
    data = table(n, columns)
    for entry in compare(fitted(data), data, 0)["models"]:
        assert math.isfinite(entry["nll"])


def test_a_column_that_differs_only_where_it_is_held_out():
    data = table(100)
    split = split_rows(100, 0)
    data.values[:, 1] = 5.0
    data.values[split.heldout[0], 1] = 6.0
    figures = compare(fitted(data), data, 0)
    assert all(math.isfinite(entry["nll"]) for entry in figures["models"])


def test_columns_that_are_nearly_one(recwarn):
    values = np.random.default_rng(0).normal(size=(200, 2))
    values[:, 1] = values[:, 0] + 1e-7 * values[:, 1]
    data = NumericTable("t.csv", ["a", "b"], values)
    figures = compare(fitted(data), data, 0)
    assert all(math.isfinite(entry["nll"]) for entry in figures["models"])
    assert not recwarn
