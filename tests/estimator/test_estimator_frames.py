"""Data frames of mixed types in the estimators: they come back as they came, names and dtypes too.

pandas and polars only where they are installed.
"""

import datetime as dt
import functools
import itertools
import time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import pushforward as pf
from pushforward.errors import ConfigurationError, DataError
from pushforward.schema import Column, Schema, save
from pushforward.schema.frames import to_arrow

N = 120
ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def counting_clock(monkeypatch):
    """As in the others' tests, but faster: a fit takes some thirty steps."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: 2.0**-6 * next(ticks))


def density(**arguments):
    return pf.FlowDensity(**({"random_state": 0, "time_budget": 0.05} | arguments))


def cells(gap=True):
    """Cells as Python has them, by name; a gap in `count` and `cut`."""
    rng = np.random.default_rng(0)
    good = rng.random(N) < 0.6
    days = [int(k) for k in rng.integers(30, size=N)]
    count = [int(k) for k in rng.integers(80, size=N)]
    cut = ["Good" if g else "Fair" for g in good]
    return {
        "cut": [None, *cut[1:]] if gap else cut,
        "grade": ["high" if g else "low" for g in good],
        "x": (rng.normal(size=N) + 3.0 * good).tolist(),
        "count": [*count[:-1], None] if gap else count,
        "day": [dt.date(2020, 1, 1) + dt.timedelta(days=k) for k in days],
        "at": [dt.datetime(2020, 6, 1, k % 24, tzinfo=ZONE) for k in days],
        "cost": [Decimal(k) / 4 + Decimal("0.25") for k in days],
        "sold": good.tolist(),
        "word": cut,
        "year": [2013] * N,
        "id": list(range(N)),
    }


def pandas_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(cells(), index=np.arange(N) * 2)
    levels = ["Ideal", "Good", "Fair"]
    return frame.assign(
        cut=pandas.Categorical(frame["cut"], levels),
        grade=pandas.Categorical(frame["grade"], ["low", "high"], ordered=True),
        x=frame["x"].astype("float32"),
        count=frame["count"].astype("Int16"),
        at=frame["at"].astype("datetime64[ns, Europe/Berlin]"),
        cost=frame["cost"].astype("float64"),
        sold=frame["sold"].astype("boolean"),
        word=frame["word"].astype(object),
        plain=frame["sold"],
    )


def polars_frame():
    polars = pytest.importorskip("polars")
    kinds = {
        "cut": polars.Categorical,
        "grade": polars.Enum(["low", "high"]),
        "x": polars.Float32,
        "count": polars.UInt8,
        "at": polars.Datetime("ms", "Europe/Berlin"),
        "cost": polars.Decimal(10, 2),
    }
    return polars.DataFrame(cells(), schema_overrides=kinds)


def arrow_frame():
    kinds = {
        "x": pa.float32(),
        "count": pa.uint8(),
        "at": pa.timestamp("ns", "Europe/Berlin"),
        "cost": pa.decimal128(10, 2),
        "word": pa.large_string(),
    }
    table = pa.table({k: pa.array(v, kinds.get(k)) for k, v in cells().items()})
    coded = {
        "cut": pa.dictionary(pa.int8(), pa.string()),
        "grade": pa.dictionary(pa.int32(), pa.large_string(), ordered=True),
    }
    for name, kind in coded.items():
        levels = ["low", "high"] if name == "grade" else ["Ideal", "Good", "Fair"]
        text = table[name].to_pylist()
        places = pa.array([t if t is None else levels.index(t) for t in text], kind.index_type)
        new = pa.DictionaryArray.from_arrays(
            places, pa.array(levels, kind.value_type), ordered=kind.ordered
        )
        table = table.set_column(table.column_names.index(name), name, new)
    return table


FRAMES = {"pandas": pandas_frame, "polars": polars_frame, "pyarrow": arrow_frame}


@pytest.fixture(params=list(FRAMES))
def frame(request):
    return FRAMES[request.param]()


@pytest.fixture
def table():
    return pa.table(cells())


@functools.cache
def fitted():
    """One fit to that table, for all who only ask."""
    return density().fit(pa.table(cells()))


def kinds(frame):
    """The names of a frame's columns, in its order, and their types."""
    if isinstance(frame, pa.Table):
        return dict(zip(frame.column_names, frame.schema.types, strict=True))
    return dict(zip(frame.columns, list(frame.dtypes), strict=True))


def without(kinds, name):
    return {key: kind for key, kind in kinds.items() if key != name}


def test_frames_come_and_go_as_they_came(frame):
    model = density().fit(frame)
    names = list(kinds(frame))
    assert list(model.feature_names_in_) == names
    assert [column.name for column in model.schema_.columns] == names
    assert any("'id' counts the rows" in note for note in model.notes_)

    new = model.sample(20)
    assert type(new) is type(frame)
    assert list(kinds(new)) == [name for name in names if name != "id"]
    assert kinds(new) == without(kinds(frame), "id")
    rows = to_arrow(new).to_pydict()
    assert set(rows["year"]) == {2013}
    assert set(rows["cut"]) <= {"Good", "Fair"}
    assert None not in rows["count"]
    assert np.isfinite(model.score_samples(to_frame_of(new, frame))).all()

    z = model.transform(frame)
    assert z.shape == (N, len(names) - 2)
    back = model.inverse_transform(z)
    assert type(back) is type(frame)
    assert kinds(back) == without(kinds(frame), "id")
    known = to_arrow(frame).slice(1, N - 2).to_pydict()
    again = to_arrow(back).slice(1, N - 2).to_pydict()
    for name in set(known) - {"id", "x"}:
        assert again[name] == known[name]
    np.testing.assert_allclose(again["x"], known["x"], atol=1e-2)


def to_frame_of(new, frame):
    """A sample with the identifiers of the fit's frame, which it leaves out, in their place."""
    if isinstance(new, pa.Table):
        return new.append_column("id", frame["id"].slice(0, 20)).select(frame.column_names)
    numbers = list(range(20))
    if hasattr(new, "assign"):
        return new.assign(id=numbers)[list(frame.columns)]
    import polars

    return new.with_columns(polars.Series("id", numbers)).select(frame.columns)


def test_missing_cells_are_drawn_and_the_others_stay(frame):
    model = density().fit(frame)
    full = model.impute(frame)
    assert type(full) is type(frame)
    assert kinds(full) == kinds(frame)
    before, after = to_arrow(frame).to_pydict(), to_arrow(full).to_pydict()
    for name, column in before.items():
        pairs = zip(column, after[name], strict=True)
        assert all(old == new for old, new in pairs if old is not None), name
    assert after["cut"][0] in ("Good", "Fair")
    assert after["count"][-1] >= 0
    if hasattr(frame, "index"):
        assert full.index.equals(frame.index)
    many = {to_arrow(model.impute(frame, k)).to_pydict()["count"][-1] for k in range(10)}
    assert len(many) > 1
    assert to_arrow(model.impute(frame, 3)).equals(to_arrow(model.impute(frame, 3)))


def test_one_library_may_fit_and_another_ask(table):
    pandas = pytest.importorskip("pandas")
    model = fitted()
    frame = pandas.DataFrame(cells())
    np.testing.assert_allclose(model.score_samples(frame), model.score_samples(table), rtol=1e-5)
    assert isinstance(model.impute(frame), pandas.DataFrame)
    assert isinstance(model.sample(2), pa.Table)


def with_cell(table, name, row, cell):
    column = table[name].to_pylist()
    column[row] = cell
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(column, table[name].type))


def test_gaps_have_their_marginal_and_what_is_outside_has_nothing(table):
    model = fitted()
    scores = model.score_samples(table)
    assert np.isfinite(scores).all()
    assert model.score(table) == scores.mean()
    outside = model.score_samples(with_cell(table, "word", 5, "Fare"))
    assert outside[5] == -np.inf
    np.testing.assert_array_equal(np.delete(outside, 5), np.delete(scores, 5))
    # No cell of `word` was missing in the fit: it is unknown all the same, and sums to the margin.
    gap = model.score_samples(with_cell(table, "word", 5, None))[5]
    assert model.schema_.columns[8].missing is False
    last = model.model_.flow.transform[0].order.tolist()[-1]
    assert last == 8
    each = [model.score_samples(with_cell(table, "word", 5, w))[5] for w in ("Good", "Fair")]
    assert gap == pytest.approx(np.logaddexp(*each), abs=1e-4)
    assert model.impute(with_cell(table, "word", 5, None))["word"].null_count == 0
    for ask in (model.transform, model.impute):
        with pytest.raises(DataError, match="X: column 'word', row 6 holds 'Fare'"):
            ask(with_cell(table, "word", 5, "Fare"))


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"cut": "Good"}, lambda row: row["cut"] == "Good"),
        ({"count": (40, None)}, lambda row: row["count"] >= 40),
        ({"count": (None, 9.5)}, lambda row: row["count"] <= 9),
        ({"count": (7, 7)}, lambda row: row["count"] == 7),
        ({"cut": ["Good", "Fair"], "sold": False}, lambda row: row["sold"] is False),
        ({"day": ("2020-01-20", dt.date(2020, 1, 25))}, lambda row: 20 <= row["day"].day <= 25),
        ({"cost": (Decimal("2.25"), 4)}, lambda row: Decimal("2.25") <= row["cost"] <= 4),
        (
            {"x": (2.0, None), "count": (10, 60), "word": "Good"},
            lambda row: row["x"] >= 2 and 10 <= row["count"] <= 60 and row["word"] == "Good",
        ),
    ],
)
def test_samples_given_conditions_meet_them(given, holds):
    model = fitted()
    new = model.sample(50, random_state=1, given=given)
    assert new.num_rows == 50
    assert all(holds(row) for row in new.to_pylist())
    assert new.equals(model.sample(50, random_state=1, given=given))


def test_several_limits_are_drawn_by_weight_and_one_exactly():
    model = fitted().model_
    assert model.conditional({"x": (2.0, None), "word": "Good", "count": (7, 7)}).exact
    several = model.conditional({"x": (2.0, None), "count": (10, 60)})
    assert 0 < several.effective <= several.drawn
    assert several.log_prob < 0 < several.error


def test_values_that_are_given_come_back_as_they_are(table):
    """A column far from zero, where float32 has no such number."""
    far = [1e6 + k / 7 for k in range(N)]
    model = density().fit(table.append_column("far", pa.array(far)))
    assert set(model.sample(5, given={"far": far[3]})["far"].to_pylist()) == {far[3]}


def test_an_interval_of_ordered_levels_and_no_condition():
    rng = np.random.default_rng(0)
    levels = pa.array(["a", "b", "c", "d"])
    places = pa.array(rng.integers(4, size=N), pa.int8())
    graded = pa.DictionaryArray.from_arrays(places, levels, ordered=True)
    model = density().fit(pa.table({"g": graded, "x": rng.normal(size=N)}))
    new = model.sample(60, given={"g": ("b", "c")})
    assert set(new["g"].to_pylist()) == {"b", "c"}
    assert new["g"].type == graded.type
    assert set(model.sample(60, given={"g": ("c", None)})["g"].to_pylist()) == {"c", "d"}
    assert model.sample(3, given={}).num_rows == 3


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"cutt": "Good"}, DataError, r"no column 'cutt' \(did you mean 'cut'\?\)"),
        ({"id": 3}, DataError, "the model does not hold column 'id', which counts the rows"),
        ({"cut": "Gut"}, DataError, "column 'cut' holds 'Gut', which is none of its levels"),
        ({"count": "many"}, DataError, "column 'count' is integer, and 'many' cannot be read"),
        ({"count": 1.5}, DataError, "not a whole number"),
        ({"count": None}, ConfigurationError, "column 'count' is given no value"),
        ({"count": [1, 2]}, ConfigurationError, "takes one value, or a pair"),
        ({"count": (5, 2)}, ConfigurationError, "no value from 5 to 2; give the lower end first"),
        ({"cut": ("Fair", None)}, ConfigurationError, "categories without an order"),
        ({"count": (None, -5)}, DataError, "no row has column 'count' so"),
        ("cut", ConfigurationError, "given must name columns"),
    ],
)
def test_conditions_that_are_refused(given, error, said):
    with pytest.raises(error, match=said):
        fitted().sample(3, given=given)


def test_real_numbers_keep_their_way_unless_a_schema_is_asked_for():
    x = np.random.default_rng(0).normal(size=(N, 2)) @ [[1.0, 0.8], [0.0, 0.6]]
    frame = pa.table({"a": x[:, 0], "b": x[:, 1]})
    plain = density().fit(frame)
    assert plain.schema_ is None
    assert isinstance(plain.sample(3), np.ndarray)
    np.testing.assert_array_equal(plain.score_samples(frame), density().fit(x).score_samples(x))
    with pytest.raises(ConfigurationError, match="fit it to a data frame with schema='infer'"):
        plain.impute(frame)
    with pytest.raises(ConfigurationError, match="schema='infer'"):
        plain.sample(3, given={"a": 0.0})
    typed = plain.set_params(schema="infer").fit(frame)
    assert [column.kind for column in typed.schema_.columns] == ["real", "real"]
    assert set(typed.sample(3, given={"a": 0.5})["a"].to_pylist()) == {0.5}
    gaps = frame.set_column(1, "b", pa.array([None, *x[1:, 1].tolist()]))
    assert density().fit(gaps).impute(gaps)["b"].null_count == 0
    again = typed.set_params(schema=None).fit(x)
    assert again.schema_ is None
    assert not hasattr(again, "feature_names_in_")


def test_a_schema_may_be_given_or_lie_in_a_file(table, tmp_path):
    schema = Schema(
        columns=[
            Column(name="word", kind="category", levels=["Good", "Fair", "Ideal"], dtype="string"),
            Column(name="x", kind="bounded", lower=-100.0),
        ]
    )
    save(schema, tmp_path / "schema.json")
    one, two = (
        density(schema=schema).fit(table),
        density(schema=tmp_path / "schema.json").fit(table),
    )
    assert one.schema_ == two.schema_ == schema
    assert one.sample(2).column_names == ["word", "x"]
    assert one.get_feature_names_out().tolist() == ["z_1", "z_2"]
    assert np.isfinite(one.score_samples(with_cell(table, "word", 0, "Ideal"))).all()
    np.testing.assert_array_equal(one.score_samples(table), two.score_samples(table))
    with pytest.raises(DataError, match="X: column 'word', row 1 holds 'Fare'"):
        density(schema=schema).fit(with_cell(table, "word", 0, "Fare"))
    with pytest.raises(ConfigurationError, match="schema must be a pushforward"):
        density(schema=3).fit(table)
    with pytest.raises(DataError, match="nowhere"):
        density(schema=tmp_path / "nowhere.json").fit(table)
    with pytest.raises(DataError, match="Expected a data frame of pandas, polars or pyarrow"):
        density(schema="infer").fit(np.eye(3))


def test_what_is_no_table_for_it_is_refused_in_scikit_learns_words(table):
    model = density()
    with pytest.raises(NotFittedError):
        model.impute(table)
    model = fitted()
    few = table.select(["cut", "x"])
    for ask in (model.score_samples, model.transform, model.impute):
        with pytest.raises(ValueError, match="feature names should match those that were passed"):
            ask(few)
        with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
            ask(table.slice(0, 0))
        with pytest.raises(DataError, match="Expected a data frame"):
            ask(np.eye(11))
    with pytest.raises(ValueError, match="Z has 2 features, but FlowDensity is expecting 9"):
        model.inverse_transform(np.eye(2))
    with pytest.raises(ValueError, match=r"Found array with 1 sample\(s\)"):
        density().fit(table.slice(0, 1))
    with pytest.raises(DataError, match="X: no column is left to model"):
        density().fit(pa.table({"word": ["a"] * 5}))


def test_weight_zero_is_absence_from_the_schema_too(table):
    weight = np.ones(N)
    weight[3] = 0.0
    odd = with_cell(table, "word", 3, "Fare")
    model = density().fit(odd, sample_weight=weight)
    assert model.schema_.columns[8].levels == ["Fair", "Good"]
    alone = density().fit(pa.concat_tables([table.slice(0, 3), table.slice(4)]))
    few = table.slice(10, 5)
    assert np.isfinite(model.score_samples(few)).all()
    assert alone.schema_ == model.schema_


def test_it_stands_in_pipelines_and_searches():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(cells()).drop(columns="id")
    line = make_pipeline(density()).fit(frame)
    assert line.score_samples(frame).shape == (N,)
    assert isinstance(line.inverse_transform(line.transform(frame)), pandas.DataFrame)
    search = GridSearchCV(density(), {"time_budget": [0.01, 0.05]}, cv=2).fit(frame)
    assert np.isfinite(search.best_score_)
    assert isinstance(search.best_estimator_.sample(2), pandas.DataFrame)
    again = clone(search.best_estimator_.set_params(schema=line[0].schema_))
    assert again.schema == line[0].schema_
    assert not hasattr(again, "schema_")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_latents_in_the_containers_of_scikit_learn(library):
    frame = FRAMES[library]()
    latents = density().set_output(transform=library).fit_transform(frame)
    assert type(latents) is type(frame)
    assert list(latents.columns) == [f"z_{j + 1}" for j in range(latents.shape[1])]
    assert latents.shape[1] == frame.shape[1] - 2
    if library == "pandas":
        assert latents.index.equals(frame.index)


def test_no_rows_of_the_frame_are_kept(table):
    model = fitted()
    assert model._frame.num_rows == 0
    assert model._frame.schema == table.schema


def test_anomalies_among_rows_of_mixed_types(frame):
    anomaly = pf.FlowAnomaly(contamination=0.1, random_state=0, time_budget=0.05).fit(frame)
    assert anomaly.n_calibration_ == 24
    flags = anomaly.predict(frame)
    assert set(flags) <= {-1, 1}
    assert (flags == -1).mean() < 0.5
    table = to_arrow(frame)
    assert clone(anomaly).set_params(schema="infer").get_params()["schema"] == "infer"
    odd = with_cell(table, "word", 7, "Fare")
    assert anomaly.score_samples(odd)[7] == -np.inf
    assert anomaly.predict(odd)[7] == -1


def test_a_constant_is_certain():
    table = pa.table({"year": [2013] * 40, "n": [i * i % 17 for i in range(40)]})
    model = density(schema="infer").fit(table)
    assert model.sample(5, given={"year": 2013})["year"].to_pylist() == [2013] * 5
    with pytest.raises(ConfigurationError, match="No row can meet the condition year=2014"):
        model.sample(5, given={"year": 2014})
    gaps = pa.table({"year": [None, 2013], "n": [3, None]})
    assert model.impute(gaps)["year"].to_pylist() == [2013, 2013]
    with pytest.raises(DataError, match="column 'year', row 1 holds '2014', which is impossible"):
        model.impute(pa.table({"year": [2014], "n": [3]}))


def test_a_constant_that_the_rows_contradict():
    constant = Column(name="n", kind="constant", value="3", dtype="int64")
    schema = Schema(columns=[constant, Column(name="x", kind="real")])
    table = pa.table({"n": [3, 4, 3], "x": [0.5, 1.5, 0.1]})
    with pytest.raises(DataError, match="X: column 'n', row 2 holds '4', which is impossible"):
        density(schema=schema).fit(table)


def test_integers_beyond_float64_come_back_whole():
    keys = [2**53 + 1, 2**53 + 2, 2**60 + 1] * 20
    levels = sorted({str(key) for key in keys})
    column = Column(name="k", kind="category", levels=levels, dtype="int64")
    table = pa.table({"k": keys})
    drawn = density(schema=Schema(columns=[column])).fit(table).sample(30)["k"]
    assert drawn.type == pa.int64()
    assert set(drawn.to_pylist()) <= set(keys)


@pytest.mark.parametrize("cells", [[7.0, 7.0], [None, 7.0]])
def test_a_column_without_a_cell_in_the_fit_may_have_some_later(cells):
    table = pa.table({"n": [1, 2, 3] * 10, "none": pa.nulls(30, pa.float64())})
    model = density(schema="infer").fit(table)
    later = pa.table({"n": [1, 2], "none": pa.array(cells, pa.float64())})
    assert np.isfinite(model.score_samples(later)).all()
    assert model.sample(2)["none"].to_pylist() == [None, None]
