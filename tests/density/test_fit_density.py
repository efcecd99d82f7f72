"""The density fit as a whole: known truths, weights of rows, refusals, one flow in the end."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import pushforward as pf
from pushforward.density import DensityFit, fit_density
from pushforward.density.rows import folds
from pushforward.density.splines import PLAN
from pushforward.errors import DataError, ShapeError
from pushforward.training.checkpoint import CHECKPOINT


def two_clouds(n: int, seed: int = 0) -> np.ndarray:
    """An equal mixture of N(±2, I) in three columns, the last in other units."""
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], size=(n, 1))
    return (rng.normal(size=(n, 3)) + 2 * sign) * [1.0, 1.0, 50.0]


def truth(x: np.ndarray) -> np.ndarray:
    unit = x / [1.0, 1.0, 50.0]
    each = [-0.5 * ((unit - m) ** 2).sum(1) for m in (-2.0, 2.0)]
    return np.logaddexp(*each) - np.log(2) - 1.5 * np.log(2 * np.pi) - np.log(50)


@pytest.fixture(scope="module")
def found() -> DensityFit:
    return fit_density(two_clouds(600), epochs=5, seed=3)


def scored(fit: DensityFit, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return fit.flow.log_prob(torch.tensor(x, dtype=torch.float32)).double().numpy()


def test_it_comes_close_to_the_truth(found: DensityFit) -> None:
    """KL of a well-specified mixture from 600 rows is about parameters / 2n, some 0.02 nats."""
    fresh = two_clouds(20_000, seed=1)
    assert 0 < (truth(fresh) - scored(found, fresh)).mean() < 0.05


def test_the_density_integrates_to_one(found: DensityFit) -> None:
    """Importance sampling from the truth widened: its error is about 0.004, the bar four times."""
    wide = two_clouds(40_000, seed=2)
    inflated = wide + np.random.default_rng(5).normal(size=wide.shape) * [0.8, 0.8, 40.0]
    unit, var = inflated / [1.0, 1.0, 50.0], 1 + 0.8**2
    each = [-0.5 * ((unit - m) ** 2).sum(1) / var for m in (-2.0, 2.0)]
    proposal = np.logaddexp(*each) - np.log(2) - 1.5 * np.log(2 * np.pi * var) - np.log(50)
    assert abs(np.exp(scored(found, inflated) - proposal).mean() - 1) < 0.016


def test_the_mixture_is_the_candidates_weighed(found: DensityFit) -> None:
    weights = [t.weight for t in found.tried]
    assert abs(sum(weights) - 1) < 1e-6
    assert min(weights) >= 0.01 - 1e-9
    assert {"Gaussian"} < {t.name for t in found.tried}
    rows = two_clouds(200, seed=4)
    ours = scored(found, rows)
    for tried, flow in zip(found.tried, found.plainer.values(), strict=False):
        other = flow.log_prob(torch.tensor(rows, dtype=torch.float32)).double().numpy()
        assert (ours >= other + np.log(tried.weight) - 1e-4).all()


def test_latents_are_standard_normal_and_come_back(found: DensityFit) -> None:
    x = torch.tensor(two_clouds(2000, seed=6), dtype=torch.float32)
    z = found.flow.encode(x)
    assert (z.mean(0).abs() < 0.3).all()  # 600 rows tell the truth's two weights to ±0.02
    assert ((z.T.cov() - torch.eye(3)).abs() < 0.3).all()
    back = found.flow.decode(z[:200])
    assert torch.allclose(back, x[:200], rtol=1e-3, atol=1e-3)


def test_latents_and_density_are_of_one_map(found: DensityFit) -> None:
    x = torch.tensor(two_clouds(5, seed=7), dtype=torch.float64)
    flow = copy.deepcopy(found.flow).double()
    jacobian = torch.stack([torch.autograd.functional.jacobian(flow.encode, row) for row in x])
    z = flow.encode(x)
    expected = torch.linalg.slogdet(jacobian)[1] - 0.5 * (z**2 + np.log(2 * np.pi)).sum(1)
    assert torch.allclose(flow.log_prob(x), expected, atol=1e-8)


def test_samples_follow_the_density(found: DensityFit) -> None:
    """Mean log density of samples against that of the truth's rows: standard error 0.02."""
    x = found.flow.sample((5000,), generator=torch.Generator().manual_seed(0)).double().numpy()
    own, real = scored(found, x).mean(), scored(found, two_clouds(5000, seed=8)).mean()
    assert abs(own - real) < 0.1
    assert abs((x[:, 0] > 0).mean() - 0.5) < 0.04


def test_it_is_saved_and_loaded(found: DensityFit, tmp_path: Path) -> None:
    folder = f"{tmp_path}/model"
    pf.save(found.flow, folder)
    x = torch.tensor(two_clouds(50, seed=9), dtype=torch.float32)
    assert torch.equal(pf.load(folder).log_prob(x), found.flow.log_prob(x))


def test_the_same_seed_gives_the_same_density(found: DensityFit) -> None:
    again = fit_density(two_clouds(600), epochs=5, seed=3)
    rows = two_clouds(50, seed=9)
    assert (scored(again, rows) == scored(found, rows)).all()


def test_context_is_given() -> None:
    rng = np.random.default_rng(0)
    c = rng.normal(size=(800, 1)) * 3
    x = np.sin(c) * 4 + 0.3 * rng.normal(size=(800, 1))
    fit = fit_density(x, c, epochs=30)
    new = rng.normal(size=(500, 1)) * 3
    y = np.sin(new) * 4 + 0.3 * rng.normal(size=(500, 1))
    y32, c32 = (torch.tensor(v, dtype=torch.float32) for v in (y, new))
    nll = -fit.flow.log_prob(y32, c32).mean().item()
    entropy = 0.5 * np.log(2 * np.pi * np.e * 0.09)
    alone = -fit_density(x, epochs=5).flow.log_prob(y32).mean().item()
    assert entropy < nll < entropy + 0.6 < alone
    drawn = fit.flow.sample((), c32, torch.Generator().manual_seed(1)).numpy()
    assert np.abs(drawn - np.sin(new) * 4).mean() < 0.8
    z = fit.flow.encode(y32, c32)
    assert torch.allclose(fit.flow.decode(z, c32), y32, atol=1e-2)


def test_a_row_of_weight_zero_is_as_if_absent() -> None:
    x = two_clouds(300)
    weight = np.ones(300)
    weight[200:] = 0
    some, cut = fit_density(x, sample_weight=weight, epochs=1), fit_density(x[:200], epochs=1)
    rows = two_clouds(50, seed=9)
    assert np.allclose(scored(some, rows), scored(cut, rows), atol=1e-5)


def test_a_row_of_weight_two_is_the_row_twice_for_all_but_flows() -> None:
    """Flows see the rows in other batches; the others have no such excuse."""
    x = two_clouds(200)
    weight = np.ones(200)
    weight[:40] = 2
    some = fit_density(x, sample_weight=weight, epochs=1)
    twice = fit_density(np.concatenate([x, x[:40]]), epochs=1)
    rows = torch.tensor(two_clouds(50, seed=9), dtype=torch.float32)
    a, b = some.plainer["Gaussian"].log_prob(rows), twice.plainer["Gaussian"].log_prob(rows)
    assert torch.allclose(a, b, atol=1e-4)


def test_weights_beyond_float32_are_as_if_absent() -> None:
    x = two_clouds(100)
    weight = np.where(np.arange(100) < 60, 1e300, 1e-300)
    some, cut = fit_density(x, sample_weight=weight, epochs=1), fit_density(x[:60], epochs=1)
    rows = two_clouds(50, seed=9)
    assert np.allclose(scored(some, rows), scored(cut, rows), atol=1e-4)


def test_the_callers_random_numbers_go_on() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit_density(two_clouds(60), epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_equal_rows_share_a_fold_whatever_their_order() -> None:
    x = np.repeat(np.random.default_rng(0).normal(size=(50, 2)), 3, axis=0)
    first, different = folds(x, 0)
    assert different == 50
    assert (first.reshape(50, 3) == first[::3, None]).all()
    order = np.random.default_rng(1).permutation(150)
    assert (folds(x[order], 0)[0] == first[order]).all()


def test_an_outlier_does_not_ruin_it() -> None:
    x = two_clouds(400)
    x[0] = [1e6, -1e6, 1e8]
    fit = fit_density(x, epochs=5)
    assert np.isfinite(scored(fit, x)).all()
    assert np.median(scored(fit, x)) > np.median(truth(x)) - 3


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((6, 2)) + np.arange(6)[:, None], "equal in every row"),
        (1.7e9 + np.random.default_rng(0).normal(size=(50, 2)), "float32 keeps no digits"),
        (1e39 * np.random.default_rng(0).normal(size=(50, 2)), "float32 keeps no digits"),
        (np.r_[np.zeros((299, 1)), [[1.0]]], "2 different rows for 1 column"),
        (np.random.default_rng(0).normal(size=(3, 5)), "3 different rows for 5 columns"),
        (np.array([[1.0, float(i)] for i in range(6)]), "is 1 in every row"),
        (np.array([[1.0, np.nan], [2.0, 3.0], [1.0, 4.0]]), "row 0"),
    ],
)
def test_what_has_no_density_is_refused(x: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit_density(x, epochs=1)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(rows, columns\)"):
        fit_density(np.zeros(5))
    with pytest.raises(ShapeError, match="context"):
        fit_density(two_clouds(20), np.zeros((19, 1)))
    with pytest.raises(DataError, match="negative"):
        fit_density(two_clouds(20), sample_weight=-np.ones(20))


def test_columns_of_few_values_are_named() -> None:
    x = two_clouds(300)
    x[:, 1] = np.round(x[:, 1] / 2)
    with pytest.warns(UserWarning, match="'grade'"):
        fit_density(x, names=["a", "grade", "c"], epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_density(two_clouds(300), epochs=1)


def test_a_fit_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    whole = fit_density(two_clouds(300), epochs=3, checkpoint=folder)
    assert (folder / PLAN).exists()
    kept = sorted(folder.glob(f"fold-*/{CHECKPOINT}"))
    assert kept
    kept[-1].unlink()  # as if the last had not been finished
    again = fit_density(two_clouds(300), epochs=3, checkpoint=folder, resume=True)
    rows = two_clouds(50, seed=9)
    assert (scored(again, rows) == scored(whole, rows)).all()
