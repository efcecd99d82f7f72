"""Moments with a distance to UTC: one instant is one value, however its zone is written."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import DataError
from pushforward.schema import Schema, infer

ZONED = ["2013-01-01T05:15:00+01:00", "2013-01-01T23:00:00+01:00", "2013-06-01T00:45:00+01:00"]


def test_a_cell_of_another_zone_is_the_same_instant():
    schema = infer(pa.table({"x": ZONED}), "t.csv").schema
    others = ["2013-01-01T04:15:00Z", "2013-01-02T00:00:00+02:00", "2013-05-31T19:45-0400"]
    assert schema.encode(pa.table({"x": others[:2]}), "t").values.tolist() == (
        schema.encode(pa.table({"x": ZONED[:2]}), "t").values.tolist()
    )
    loose = schema.columns[0].model_copy(update={"format": "%Y-%m-%dT%H:%M+01:00"})
    coded = Schema(columns=[loose]).encode(pa.table({"x": others[2:]}), "t")
    assert coded.values.tolist() == schema.encode(pa.table({"x": ZONED[2:]}), "t").values.tolist()
    typed = pa.array([dt.datetime(2013, 1, 1, 4, 15, tzinfo=dt.UTC)], pa.timestamp("s", "UTC"))
    assert schema.encode(pa.table({"x": typed}), "t").values[0, 0] == 0
    assert schema.decode(np.zeros((1, 1)))["x"].to_pylist() == ZONED[:1]


@pytest.mark.parametrize(
    ("cells", "other"),
    [
        (ZONED, "2013-01-01T05:15:00"),
        (["2013-01-01 05:15", "2013-01-02 06:00"], "2013-01-01T05:15Z"),
    ],
)
def test_a_cell_whose_instant_is_not_known_is_refused(cells, other):
    schema = infer(pa.table({"x": cells}), "t.csv").schema
    with pytest.raises(DataError, match=r"row 2 \(the header not counted\) holds .* is no date"):
        schema.encode(pa.table({"x": ["", other]}), "t.csv")
