"""A person edits what was inferred: the column then means what the file says."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pushforward.schema import infer, load, save


def edited(tmp_path, table, **changes):
    """The schema of a table whose only column's record was changed by hand; None drops a key."""
    path = tmp_path / "s.json"
    save(infer(table, "t", text=pa.types.is_string(table.schema.types[0])).schema, path)
    content = json.loads(path.read_text())
    record = content["columns"][0] | changes
    content["columns"] = [{key: value for key, value in record.items() if value is not None}]
    path.write_text(json.dumps(content))
    return load(path)


def round_trip(schema, table):
    coded = schema.encode(table, "t")
    assert coded.first_outside() is None
    return coded.values[:, 0], schema.decode(coded.values)["x"]


@pytest.mark.parametrize("typed", [pa.int8(), pa.float64(), pa.string()])
def test_integers_that_are_codes(tmp_path, typed):
    table = pa.table({"x": pa.array([3, 1, 1, 7]).cast(typed)})
    levels = ["1", "3", "7"]
    schema = edited(tmp_path, table, kind="category", levels=levels, origin=None, lower=None)
    codes, back = round_trip(schema, table)
    assert codes.tolist() == [1, 0, 0, 2]
    assert back.to_pylist() == [3, 1, 1, 7]


def test_true_before_false(tmp_path):
    table = pa.table({"x": [True, False, True]})
    schema = edited(tmp_path, table, kind="category", levels=["true", "false"])
    codes, back = round_trip(schema, table)
    assert codes.tolist() == [0, 1, 0]
    assert back.to_pylist() == [True, False, True]


@pytest.mark.parametrize("cells", [["1", "2", "1"], ["2013-01-01", "2013-01-02", "2013-01-01"]])
def test_what_a_program_calls_a_category_is_one(cells):
    table = pa.table({"x": pa.array(cells).dictionary_encode()})
    schema = infer(table, "t", text=False).schema
    assert schema.columns[0].kind == "category"
    _, back = round_trip(schema, table)
    assert back.equals(table["x"].combine_chunks())


def test_a_direction_that_goes_round(tmp_path):
    table = pa.table({"x": [str(10 * k) for k in range(37)]})
    schema = edited(tmp_path, table, kind="periodic", period=360, lower=0, step=10, origin=None)
    codes, back = round_trip(schema, table)
    assert codes[-1] == codes[0] == 0
    assert back.to_pylist() == [*range(0, 360, 10), 0]
    assert schema.decode(np.array([[357.0]]))["x"].to_pylist() == [0]


def test_day_before_month(tmp_path):
    table = pa.table({"x": ["01/02/2013", "03/02/2013"]})
    schema = edited(tmp_path, table, format="%d/%m/%Y", origin="2013-02-01")
    codes, back = round_trip(schema, table)
    assert codes.tolist() == [0, 2]
    assert back.to_pylist() == table["x"].to_pylist()


def test_thousands_that_are_decimals(tmp_path):
    table = pa.table({"x": ["1,234", "0,5"]})
    schema = edited(tmp_path, table.slice(0, 1).cast(table.schema), kind="real", format="0,0##",
                    value=None, dtype="string")  # fmt: skip
    values, back = round_trip(schema, table)
    assert values.tolist() == [1.234, 0.5]
    assert back.to_pylist() == ["1,234", "0,5"]


def test_bounds_and_missing_cells(tmp_path):
    table = pa.table({"x": ["1", "2", "50"]})
    schema = edited(tmp_path, table, lower=0, upper=100, missing=True)
    assert schema.specs() == [{"kind": "cells", "lower": 0, "upper": 100}]
    coded = schema.encode(pa.table({"x": ["", "101", "100"]}), "t")
    assert coded.outside[:, 0].tolist() == [False, True, False]
    assert coded.missing[:, 0].tolist() == [True, False, False]


def test_more_levels_than_were_seen(tmp_path):
    table = pa.table({"x": ["red", "blue", "red"]})
    schema = edited(tmp_path, table, kind="ordered", levels=["red", "green", "blue"])
    codes, _ = round_trip(schema, table)
    assert codes.tolist() == [0, 2, 0]
    assert schema.specs() == [{"kind": "category", "size": 3, "ordered": True}]


def test_a_column_that_is_left_out_by_hand(tmp_path):
    table = pa.table({"x": ["1", "2", "50"]})
    schema = edited(tmp_path, table, kind="identifier", lower=None, origin=None, step=None)
    assert schema.left_out == [("x", "is an identifier")]
    assert schema.encode(table, "t").values.shape == (3, 0)
    assert schema.decode(np.empty((3, 0))) == {}
