"""Samples cannot leave the schema, whatever their number: every kind of column at once."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from pushforward.schema import Schema
from pushforward.schema.store import parse
from pushforward.tables import read_typed
from pushforward.tables.fitting import Request, fit_table

SCHEMA = """{"version": 1, "na": [""], "columns": [
  {"name": "real", "kind": "real"},
  {"name": "positive", "kind": "positive"},
  {"name": "bounded", "kind": "bounded", "lower": -1.0, "upper": 2.0},
  {"name": "closed", "kind": "bounded", "lower": 0.0, "upper": 1.0},
  {"name": "integer", "kind": "integer", "lower": 0, "dtype": "int64"},
  {"name": "rounded", "kind": "rounded", "step": 0.25, "lower": 0.0, "upper": 5.0},
  {"name": "angle", "kind": "periodic", "lower": 0.0, "period": 360.0},
  {"name": "flag", "kind": "boolean", "levels": ["false", "true"], "dtype": "bool"},
  {"name": "kind", "kind": "category", "levels": ["a", "b", "c"], "dtype": "string"},
  {"name": "grade", "kind": "ordered", "levels": ["low", "mid", "high"], "dtype": "string"},
  {"name": "day", "kind": "datetime", "step": 86400.0, "origin": "2024-01-01",
   "dtype": "date32", "missing": true},
  {"name": "clock", "kind": "time", "step": 60, "format": "%H:%M"},
  {"name": "always", "kind": "constant", "value": "7", "dtype": "int64"}
]}"""


def table(n: int) -> pa.Table:
    """Rows that hang together, near every bound, with gaps among the dates."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    first = datetime.date(2024, 1, 1)
    days = [
        None if gap else first + datetime.timedelta(days=int(d))
        for gap, d in zip(rng.random(n) < 0.2, rng.integers(0, 200, n), strict=True)
    ]
    return pa.table(
        {
            "real": 1e3 * z,
            "positive": np.exp(3 * z),
            "bounded": -1 + 3 / (1 + np.exp(-4 * z)),
            "closed": np.clip(0.5 + 0.5 * z, 0, 1),
            "integer": rng.poisson(np.exp(np.clip(2 * z, -3, 6))),
            "rounded": np.clip(np.round(4 * (2.5 + 2 * z)) / 4, 0, 5),
            "angle": (180 + 200 * z) % 360,
            "flag": z > 0.3,
            "kind": np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
            "grade": np.array(["low", "mid", "high"])[np.digitize(z, [-1, 1])],
            "day": pa.array(days, pa.date32()),
            "clock": [f"{m // 60:02}:{m % 60:02}" for m in (720 + 600 * np.tanh(z)).astype(int)],
            "always": np.full(n, 7),
        }
    )


@pytest.mark.parametrize("n", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_samples_stay_inside(tmp_path, n):
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table(1000), path)
    schema: Schema = parse(SCHEMA, "schema.json")
    read = read_typed(path, schema)
    model, _ = fit_table(read, Request(epochs=2))
    seen = 0
    for block in model.sample(n, seed=1):
        columns = model.named(block)
        coded = schema.encode(pa.RecordBatch.from_pydict(columns), "samples")
        assert not coded.outside.any()
        assert set(columns["always"].to_pylist()) == {7}
        seen += len(block)
    assert seen == n
