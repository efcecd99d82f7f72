"""The masses that the adapters compute are those that the libraries draw by.

Run where the peers are installed, which the environment of `make test` does not do:
the one of `make bench-mixed` does.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

from benchmarks.mixed.methods import Fitted, Task, find  # noqa: E402
from benchmarks.mixed.tables import like  # noqa: E402

pytestmark = pytest.mark.slow

ROWS = 600
DRAWN = 20_000
HOURS = pd.to_datetime(["2013-01-01T05:00Z", "2013-01-01T06:00Z", "2013-01-01T07:00Z"])


def table() -> pd.DataFrame:
    """Dependent columns of each kind, with gaps."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, ROWS)
    second = (4 * first + rng.integers(0, 8, ROWS)).astype(float)
    grade = np.array(["low", "high"])[(first + rng.integers(0, 3, ROWS) > 3).astype(int)]
    text = np.array(["a", "b", None], dtype=object)[rng.choice(3, ROWS, p=[0.6, 0.3, 0.1])]
    return pd.DataFrame(
        {
            "first": first,
            "second": np.where(rng.random(ROWS) < 0.1, np.nan, second),
            "grade": pd.Categorical(grade, categories=["low", "high"], ordered=True),
            "text": text,
            "when": HOURS[np.minimum(first, 2)].astype("datetime64[s, UTC]"),
        }
    )


def every_row(real: pd.DataFrame) -> pd.DataFrame:
    """All rows that could be drawn, and some that hardly could."""
    few, many = ([float(k) for k in range(*ends)] for ends in ((-2, 7), (-12, 35)))
    hours = pd.date_range("2013-01-01T03:00Z", "2013-01-01T09:00Z", freq="h")
    cells = [few, [*many, np.nan], ["low", "high"], ["a", "b", None], list(hours)]
    product = pd.DataFrame(itertools.product(*cells), columns=list(real.columns))
    return like(product, real)


@pytest.mark.parametrize(
    ("method", "library"), [("GaussianCopula", "sdv"), ("arfpy", "arfpy"), ("SPFlow", "spflow")]
)
@pytest.mark.filterwarnings("ignore")
def test_masses_are_the_frequencies_of_samples(method: str, library: str) -> None:
    pytest.importorskip(library)
    real = table()
    fitted: Fitted = find(method)(Task(real, seed=0))
    assert fitted.log_mass is not None
    rows = every_row(real)
    mass = np.exp(fitted.log_mass(rows))
    assert mass.sum() == pytest.approx(1, abs=0.03)
    drawn = like(fitted.sample(DRAWN), real)
    for name in real.columns:
        expected = mass_of(rows[name], mass)
        found = mass_of(drawn[name], np.full(DRAWN, 1 / DRAWN))
        for key in expected.index.union(found.index):
            share = expected.get(key, 0.0)
            # Five standard errors, and what the estimate of the mass itself may err by.
            slack = 5 * np.sqrt(share / DRAWN) + 0.02 * share + 0.001
            assert found.get(key, 0.0) == pytest.approx(share, abs=slack), (name, key)
    pair = mass_of(both(rows), mass)
    found = mass_of(both(drawn), np.full(DRAWN, 1 / DRAWN))
    difference = pair.sub(found, fill_value=0).abs()
    assert difference.max() < 0.01


def mass_of(column: pd.Series, mass: np.ndarray) -> pd.Series:
    """The mass of each value of a column, gaps among them."""
    keys = column.astype(str).to_numpy()
    return pd.Series(mass).groupby(keys).sum()


def both(rows: pd.DataFrame) -> pd.Series:
    """Two dependent columns as one."""
    return rows["first"].astype(str) + "," + (rows["second"] // 4).astype(str)


@pytest.mark.parametrize(
    ("method", "library"), [("GaussianCopula", "sdv"), ("arfpy", "arfpy"), ("SPFlow", "spflow")]
)
@pytest.mark.filterwarnings("ignore")
def test_a_level_never_seen_has_no_mass(method: str, library: str) -> None:
    pytest.importorskip(library)
    real = table()
    fitted: Fitted = find(method)(Task(real, seed=0))
    assert fitted.log_mass is not None
    rows = real.head(2).assign(text=["a", "never seen"])
    mass = fitted.log_mass(rows)
    assert np.isfinite(mass[0])
    assert np.isneginf(mass[1])
