"""Rows of mixed types on their way: cells, gaps and back, copies and distances.

Run where pandas is installed, as in the environment of `make bench-mixed`.
"""

from __future__ import annotations

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

from benchmarks.mixed import tables  # noqa: E402
from benchmarks.mixed.gaps import FLAG, NONE, Filled  # noqa: E402
from benchmarks.mixed.measures.closeness import closeness, copies, nearest  # noqa: E402
from benchmarks.mixed.measures.utility import LATE, QUESTIONS, posed, utility  # noqa: E402


def rows(count: int = 60, seed: int = 0) -> pd.DataFrame:
    """One column of each kind, two with gaps."""
    rng = np.random.default_rng(seed)
    delay = rng.integers(-20, 40, count).astype(float)
    return pd.DataFrame(
        {
            "carat": rng.integers(20, 90, count) / 100,
            "arr_delay": np.where(rng.random(count) < 0.2, np.nan, delay),
            "cut": pd.Categorical(rng.choice(["Fair", "Ideal"], count), ["Fair", "Ideal"]),
            "tailnum": np.array(["N1", "N2", None], dtype=object)[rng.integers(0, 3, count)],
            "time_hour": pd.to_datetime(rng.integers(0, 99, count) * 3600, unit="s", utc=True),
        }
    )


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether all cells agree, gaps among them."""
    return copies(one, other) == 1 and len(one) == len(other)


def test_gaps_and_moments_there_and_back() -> None:
    real = rows()
    filled = Filled(real)
    there = filled.fill(real)
    assert there.notna().all(axis=None)
    assert list(there.columns) == [
        *("carat", "arr_delay", "time_hour", "cut", "tailnum"),
        "arr_delay" + FLAG,
    ]
    assert there["time_hour"].min() == 0
    assert NONE in there["tailnum"].cat.categories
    back = tables.like(filled.open(there), real)
    for name in real.columns:
        assert back[name].isna().tolist() == real[name].isna().tolist()
    assert same(back, real)


def test_cells_are_around_what_is_known() -> None:
    real = rows()
    cells = Filled(real).cells(real)
    gap = real["arr_delay"].isna().to_numpy()
    assert np.isinf(cells.lower[gap, 1]).all()
    assert np.isinf(cells.upper[gap, 1]).all()
    width = cells.upper - cells.lower
    np.testing.assert_allclose(width[~gap], np.tile([0.01, 1, 1], ((~gap).sum(), 1)))
    np.testing.assert_allclose(cells.lower[:, 0] + 0.005, real["carat"])
    unseen = Filled(real).cells(real.head(1).assign(tailnum="N3"))
    assert unseen.codes[0].tolist()[1] == -1


def test_synthetic_rows_are_rounded_to_cells() -> None:
    real = rows()
    drawn = real.assign(carat=real["carat"] + 0.004, arr_delay=real["arr_delay"] - 0.4)
    drawn["time_hour"] = real["time_hour"] + pd.Timedelta(minutes=29)
    assert same(tables.like(drawn, real), real)
    assert not np.signbit(tables.like(real.assign(carat=-0.001), real)["carat"]).any()


def test_a_split_is_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(100).assign(carat=np.arange(100))
    monkeypatch.setitem(tables.TABLES, "diamonds", lambda: whole)
    one, other = (tables.split("diamonds", 3) for _ in range(2))
    assert one.train.equals(other.train)
    assert sorted([*one.train["carat"], *one.test["carat"]]) == list(range(100))
    assert (len(one.train), len(one.test), one.validation) == (90, 10, 10)


def test_copies_and_distances() -> None:
    real = rows(200)
    split = tables.Split(real.iloc[:150].reset_index(drop=True), real.iloc[150:], 0)
    found = closeness(split, split.train, seed=0)
    assert found["copies_train"] == 1
    assert found["copies_test"] == 0
    assert found["near_train"] < found["near_test"]
    far = split.train.assign(carat=split.train["carat"] + 100)
    assert copies(far, split.train) == 0


def test_a_distance_counts_standard_deviations_and_categories() -> None:
    real = rows(200)
    one = real.head(1).assign(arr_delay=3.0)
    scale = np.std(real["carat"])
    moved = one.assign(carat=one["carat"] + 2 * scale)
    assert nearest(one, moved, real)[0] == pytest.approx(2)
    other = moved.assign(cut="Ideal" if one["cut"][0] == "Fair" else "Fair")
    assert nearest(one, other, real)[0] == pytest.approx(np.sqrt(5))
    mean = real["arr_delay"].mean()
    unknown, known = one.assign(arr_delay=np.nan), one.assign(arr_delay=mean)
    assert nearest(unknown, known, real)[0] == pytest.approx(1)


def test_late_arrivals_are_asked_of_flights_that_arrived() -> None:
    pytest.importorskip("sklearn")
    question = QUESTIONS["nycflights"]
    rng = np.random.default_rng(0)
    part = pd.DataFrame({name: rng.integers(0, 9, 80) for name in question.features})
    part = part.assign(carrier="A", origin="B", dest="C")
    late = part["hour"] > 4
    part["arr_delay"] = np.where(late, LATE + 1.0, LATE)
    part.loc[:9, "arr_delay"] = np.nan
    features, answer = posed("nycflights", question, part, part)
    assert len(features) == len(answer) == 70
    assert answer.tolist() == late[10:].astype(int).tolist()
    assert "arr_delay" not in features
    split = tables.Split(part, part, 0)
    assert utility("nycflights", split, part, seed=0)["utility"] == pytest.approx(1)
    assert utility("nycflights", split, part.assign(arr_delay=0.0), 0) == {"utility": None}
