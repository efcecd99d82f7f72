"""`FlowDensity`: units, digits, weights, randomness, bad input, and its place among others."""

import gc
import weakref

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pushforward as pf
from pushforward.errors import ConfigurationError, DataError


def rows(n=300, seed=0):
    """A correlated cloud (n, 2)."""
    return np.random.default_rng(seed).normal(size=(n, 2)) @ [[1.0, 0.8], [0.0, 0.6]]


def density(**arguments):
    return pf.FlowDensity(**({"random_state": 0, "time_budget": 0.1} | arguments))


@pytest.fixture
def fitted():
    return density().fit(rows())


def test_scores_are_nats_in_the_units_of_x():
    """Numbers a thousand times as large have a density a thousand times as thin, per column."""
    x = rows()
    small, large = density().fit(x), density().fit(1000 * x)
    expected = small.score_samples(x) - 2 * np.log(1000)
    np.testing.assert_allclose(large.score_samples(1000 * x), expected, atol=1e-2)


def test_scores_are_those_of_the_flow(fitted):
    x = rows(50, seed=1)
    flow = fitted.flow_.log_prob(fitted.model_.tensors(x)[0]).detach().numpy()
    np.testing.assert_allclose(fitted.score_samples(x), flow, rtol=1e-6)
    assert fitted.score(x) == fitted.score_samples(x).mean()
    assert isinstance(fitted.score(x), float)
    assert isinstance(fitted.summary_, str)
    assert fitted.summary_


def test_the_density_integrates_to_one(fitted):
    side = np.linspace(-8, 8, 401)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    mass = np.exp(fitted.score_samples(grid)).sum() * (side[1] - side[0]) ** 2
    assert abs(mass - 1) < 0.01


def test_latents_go_there_and_back(fitted):
    x = rows(50, seed=1)
    z = fitted.transform(x)
    assert z.shape == x.shape
    assert z.dtype == np.float64
    np.testing.assert_allclose(fitted.inverse_transform(z), x, atol=1e-4)


def test_columns_far_from_zero_keep_their_digits():
    """float32 alone would see times like these in steps of 128 seconds."""
    far = np.array([1.7e9, -4.0])
    x = rows()
    shifted = density().fit(x + far)
    assert shifted.model_.table.columns[0].offset != 0
    assert shifted.model_.table.columns[1].offset == 0
    near = density().fit(x)
    np.testing.assert_allclose(shifted.score_samples(x + far), near.score_samples(x), atol=0.05)
    back = shifted.inverse_transform(shifted.transform(x + far))
    np.testing.assert_allclose(back, x + far, atol=1e-4, rtol=0)
    new = shifted.sample(1000) - far
    assert abs(new.mean(0) - x.mean(0)).max() < 0.5
    assert len(np.unique(new[:, 0])) > 900


def test_numbers_beyond_float32_score_without_nan(fitted):
    for value in (1e30, -1e30, 1e300, -1e300):
        score = fitted.score_samples([[value, 0.0]])
        assert score[0] < -100


def test_an_int_random_state_draws_the_same_rows_each_time(fitted):
    np.testing.assert_array_equal(fitted.sample(5), fitted.sample(5))
    np.testing.assert_array_equal(fitted.sample(5, random_state=3), fitted.sample(5, 3))
    assert not np.array_equal(fitted.sample(5), fitted.sample(5, random_state=3))
    assert fitted.sample().shape == (1, 2)
    assert fitted.sample(5).dtype == np.float64


def test_a_random_state_moves_on_and_can_be_repeated(fitted):
    state = np.random.RandomState(3)
    first, second = fitted.sample(5, state), fitted.sample(5, state)
    assert not np.array_equal(first, second)
    state = np.random.RandomState(3)
    np.testing.assert_array_equal(fitted.sample(5, state), first)
    np.testing.assert_array_equal(fitted.sample(5, state), second)


def test_without_random_state_numpy_decides():
    model = density(random_state=None)
    before = np.random.get_state()
    try:
        np.random.seed(7)
        x = rows()
        scores, first, second = model.fit(x).score_samples(x), model.sample(5), model.sample(5)
        assert not np.array_equal(first, second)
        np.random.seed(7)
        np.testing.assert_array_equal(model.fit(x).score_samples(x), scores)
        np.testing.assert_array_equal(model.sample(5), first)
    finally:
        np.random.set_state(before)


def test_a_random_state_of_the_estimator_is_left_as_it_is_by_construction_and_clone():
    state = np.random.RandomState(0)
    model = clone(density(random_state=state))
    assert not np.array_equal(model.fit(rows()).sample(5), model.sample(5))
    assert clone(model).get_params()["time_budget"] == 0.1


def test_the_samples_have_the_law_of_the_density(fitted):
    """The latents of samples are standard normal; each bound fails once in 10⁶ (five errors)."""
    z = fitted.transform(fitted.sample(4000))
    assert abs(z.mean(0)).max() < 5 / np.sqrt(4000)
    assert abs(np.cov(z.T) - np.eye(2)).max() < 5 * np.sqrt(2 / 4000)


def test_weight_zero_is_absence():
    x = rows()
    junk = np.full((40, 2), 1e9) + rows(40, seed=2)
    weight = np.linspace(0.5, 2.0, len(x))
    both = np.concatenate([junk[:20], x, junk[20:]])
    padded = np.concatenate([np.zeros(20), weight, np.zeros(20)])
    alone = density().fit(x, sample_weight=weight)
    among = density().fit(both, sample_weight=padded)
    np.testing.assert_array_equal(among.score_samples(x), alone.score_samples(x))
    plain = density().fit(x)
    assert not np.array_equal(plain.score_samples(x), alone.score_samples(x))


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (-np.ones(300), "Negative values in data passed to `sample_weight`"),
        (np.zeros(300), "zero"),
        (np.r_[1.0, np.zeros(299)], "two rows or more of some weight"),
        (np.ones(299), "sample_weight"),
        (np.ones((300, 2)), "1D"),
        (np.full(300, np.nan), "NaN"),
        (np.full(300, np.inf), "infinity"),
    ],
    ids=["negative", "zero", "one", "length", "shape", "nan", "inf"],
)
def test_bad_weights_are_refused(weight, words):
    with pytest.raises(ValueError, match=words):
        density().fit(rows(), sample_weight=weight)


def spoiled(value):
    x = rows(20)
    x[3, 1] = value
    return x


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (spoiled(np.nan), "NaN"),
        (spoiled(np.inf), "infinity"),
        (rows(20)[:, 0], "1D array"),
        (rows(20)[None], "dim 3"),
        (rows(1), "1 sample"),
        (rows(0), "0 sample"),
        (rows(20)[:, :0], "0 feature"),
        (rows(20) + 1j, "Complex"),
        ([["a", "b"], ["c", "d"]], "could not convert|dtype"),
        (np.array([["a", 1.0], ["b", 2.0]], dtype=object), "could not convert"),
        (np.random.default_rng(0).normal(size=(3, 5)), "columns"),
        (np.repeat(rows(20)[:, :1], 2, axis=1), "equal"),
    ],
    ids=[
        *("nan", "inf", "1d", "3d", "one", "none", "no-columns", "complex", "text", "object"),
        *("few-rows", "twins"),
    ],
)
def test_bad_rows_are_refused_as_value_errors(x, words):
    with pytest.raises(ValueError, match=words):
        density().fit(x)


def test_sparse_rows_are_refused():
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match=r"[Ss]parse"):
        density().fit(csr_array(rows(20)))


def test_a_column_of_few_values_is_taken_as_real_and_named():
    x = rows()
    x[:, 1] = x[:, 1] > 0
    with pytest.warns(UserWarning, match="x1"):
        density().fit(x)


def test_objects_that_are_numbers_are_taken():
    x = rows(100)
    given = density().fit(x.astype(object)).score_samples(x.astype(object))
    np.testing.assert_array_equal(given, density().fit(x).score_samples(x))


@pytest.mark.parametrize("budget", [0, -1.0, "soon", None, float("nan"), [1]])
def test_a_time_budget_without_meaning_is_refused(budget):
    with pytest.raises(ConfigurationError, match="time budget"):
        density(time_budget=budget).fit(rows(20))


@pytest.mark.parametrize("n", [0, -1, 2.5, None])
def test_a_number_of_samples_without_meaning_is_refused(fitted, n):
    with pytest.raises(ConfigurationError, match="n_samples"):
        fitted.sample(n)


def test_other_columns_than_those_of_the_fit_are_refused(fitted):
    three = np.zeros((2, 3))
    for method in (fitted.score_samples, fitted.score, fitted.transform, fitted.inverse_transform):
        with pytest.raises(ValueError, match="has 3 features, but FlowDensity is expecting 2"):
            method(three)
    with pytest.raises(ValueError, match="Z contains NaN"):
        fitted.inverse_transform([[0.0, np.nan]])


def test_before_a_fit_or_after_one_that_failed_there_is_nothing_to_ask():
    model = density()
    with pytest.raises(DataError):
        model.fit(np.repeat(rows(20)[:, :1], 2, axis=1))
    for ask in (model.score_samples, model.score, model.transform, model.inverse_transform):
        with pytest.raises(NotFittedError):
            ask(rows(3))
    for ask in (model.sample, model.get_feature_names_out):
        with pytest.raises(NotFittedError):
            ask()


def test_no_reference_to_the_rows_is_kept():
    x, weight = rows(), np.ones(300)
    before = x.copy()
    gone = weakref.ref(x), weakref.ref(weight)
    model = density().fit(x, sample_weight=weight)
    np.testing.assert_array_equal(x, before)
    del x, weight
    gc.collect()
    assert [g() for g in gone] == [None, None]
    assert model.n_features_in_ == 2


def test_it_stands_in_a_pipeline():
    x = rows()
    line = make_pipeline(StandardScaler(), density()).fit(x)
    assert line.score_samples(x).shape == (300,)
    assert line.score(x) == pytest.approx(line.score_samples(x).mean())
    np.testing.assert_allclose(line.inverse_transform(line.transform(x)), x, atol=1e-4)
    assert list(line.get_feature_names_out()) == ["z_1", "z_2"]


def test_a_search_compares_fits_by_score():
    search = GridSearchCV(density(), {"time_budget": [0.01, 0.2]}, cv=2).fit(rows())
    scores = search.cv_results_["mean_test_score"]
    assert search.best_params_["time_budget"] == [0.01, 0.2][int(scores.argmax())]
    assert np.isfinite(scores).all()
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.score(rows()) == search.best_estimator_.score(rows())


def test_data_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    x = rows()
    frame = pandas.DataFrame(x, columns=["height", "mass"], index=np.arange(300) * 2)
    model = density().fit(frame)
    assert list(model.feature_names_in_) == ["height", "mass"]
    assert model.model_.columns == ["height", "mass"]
    latents = model.set_output(transform="pandas").transform(frame)
    assert list(latents.columns) == ["z_1", "z_2"]
    assert list(latents.index) == list(frame.index)
    np.testing.assert_allclose(model.inverse_transform(latents), x, atol=1e-4)
    with pytest.raises(ValueError, match="feature names should match"):
        model.score_samples(frame[["mass", "height"]])


def test_two_columns_of_one_name_are_refused():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"unique column names|two of its columns are called 'a'"):
        density().fit(pandas.DataFrame(rows(), columns=["a", "a"]))
