"""Opening by suffix, reading a whole table, and what a density can be fitted to."""

import os

import numpy as np
import pytest

from pushforward.errors import ConfigurationError, DataError
from pushforward.tables import NumericTable, check_trainable, open_table, read_numeric


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,name\n1,2,x\n3,4,y\n")
    return path


def test_columns_and_exclude(small):
    assert read_numeric(small, columns=["b", "a"]).values.tolist() == [[2, 1], [4, 3]]
    assert read_numeric(small, exclude=["name", "a"]).names == ["b"]
    assert read_numeric(small, columns=["b", "a"], exclude=["b"]).names == ["a"]
    with pytest.raises(DataError, match="no column is left to read"):
        read_numeric(small, exclude=["a", "b", "name"])


@pytest.mark.parametrize("option", ["columns", "exclude"])
def test_a_missing_column_is_named(small, option):
    with pytest.raises(DataError, match=r"no column 'nam' \(did you mean 'name'\?\)"):
        read_numeric(small, **{option: ["nam"]})


def test_many_columns_are_not_all_listed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"x{j}" for j in range(30)) + "\n" + ",".join("1" * 30) + "\n")
    with pytest.raises(DataError, match="'x19' and 10 more"):
        read_numeric(path, columns=["y"])


def test_batches_of_some_columns(small):
    table = open_table(small)
    [batch] = table.batches(columns=["name", "a"])
    assert batch.data.schema.names == ["name", "a"]
    with pytest.raises(DataError, match="no column 'z'"):
        list(table.batches(columns=["z"]))
    with pytest.raises(ConfigurationError, match="1 row or more, not 0"):
        list(table.batches(rows=0))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "there is no such file"),
        ("folder.csv", "it is a folder"),
        ("pipe.csv", "it is a pipe or a device"),
        ("sheet.xlsx", r"tables end in \.csv, \.tsv, \.txt or \.parquet, \.pq"),
        ("esc\x1b[31m.csv", r"esc\\x1b\[31m\.csv: there is no such file"),
    ],
)
def test_what_cannot_be_opened(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "sheet.xlsx").write_bytes(b"PK")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=message):
        open_table(tmp_path / name)


@pytest.mark.parametrize("text", ["a,b\n", "a\n\n"])
def test_a_header_alone_gives_no_batch(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    batches = open_table(path).batches()
    with pytest.raises(DataError, match="there are no data rows, only column names"):
        next(batches)


def test_a_suffix_in_capitals(small):
    assert read_numeric(small.rename(small.with_suffix(".CSV")), ["a"]).values.shape == (2, 1)


def table(columns: dict[str, list[float]]) -> NumericTable:
    return NumericTable("t.csv", list(columns), np.array(list(columns.values())).T)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0]}, "a flow is fitted to 2 rows or more, and there is 1."),
        ({"a": [1.0, 2.0], "b": [0.5, 0.5]}, "column 'b' is 0.5 in every row; leave it out."),
        ({"a": [0.0, -0.0]}, "column 'a' is 0 in every row; leave it out."),
        (
            {"a": [0.0, 2.0], "b": [1.0, 0.0], "c": [-0.0, 2.0]},
            "columns 'a' and 'c' are equal in every row; leave one of them out.",
        ),
    ],
)
def test_what_no_density_can_be_fitted_to(columns, message):
    with pytest.raises(DataError) as caught:
        check_trainable(table(columns))
    assert str(caught.value) == f"t.csv: {message}"


def test_what_a_density_can_be_fitted_to():
    fine = {"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0], "c": [3.0, 2.0, 1.0]}
    assert check_trainable(table({"a": [1.0, 2.0]})) is None
    assert check_trainable(table(fine)) is None
