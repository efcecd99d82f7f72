"""Tables with the apostrophes of `--excel-safe` are read as if they had none."""

import numpy as np
import pyarrow as pa
import pytest

from pushforward.schema import Column, Schema, infer
from pushforward.tables import open_table, read_typed, writing

CELLS = {
    "=k": ["=a", "-b", "'-b", "plain", "'tis", "=a"],
    "price": ["-$0.75", "$1,200.50", "-$3.00", "", "$7.25", "-"],
    "at": ["-", "2013-01-01", "2013-01-05", "2013-01-02", "2013-01-09", "2013-01-03"],
    "same": ["@x"] * 6,
}


@pytest.fixture
def safe(tmp_path):
    with writing(tmp_path / "t.csv", excel_safe=True) as table:
        table.write(CELLS)
    assert (tmp_path / "t.csv").read_text().startswith("'=k,price,at,same\n'=a,'-$0.75,'-,'@x\n")
    return tmp_path / "t.csv"


def test_all_cells_come_back(safe):
    plain = pa.table(CELLS)
    schema = infer(plain, "t.csv").schema
    assert schema.columns[0].levels == ["'-b", "'tis", "-b", "=a", "plain"]
    expected = schema.encode(plain, "t.csv").with_gaps().scored.copy()
    expected[1, 0] = expected[2, 0]  # "'-b" is a level itself, and stands for that
    np.testing.assert_array_equal(read_typed(safe, schema).values, expected)


def test_what_fits_with_its_apostrophe_keeps_it():
    cut = Column(name="c", kind="category", levels=["-a"], reserve=0.1, dtype="string")
    values = Schema(columns=[cut]).encode(pa.table({"c": ["'-a", "-a", "'-b"]}), "t").values
    assert values[:, 0].tolist() == [0, 0, 1]


def test_names_are_left_as_they_are_unless_known_without(safe):
    reader = open_table(safe)
    assert reader.naming(["a"]) is reader
    assert reader.naming(["=k"]).names == ["=k", "price", "at", "same"]
    assert reader.naming(["=k", "'=k"]) is reader
    (batch,) = reader.naming(["=k"]).batches(columns=["same", "=k"])
    assert batch.data.column("=k")[0].as_py() == "'=a"
