"""Writing: what is written reads back as the same, and a file appears whole or not at all."""

import io
import os
import resource
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushforward.errors import DataError, ShapeError
from pushforward.tables import open_table, read_numeric, writing


def written(tmp_path, columns) -> str:
    path = tmp_path / "out.csv"
    with writing(path, force=True) as table:
        table.write(columns)
    return path.read_text()


def test_cells_are_quoted_only_where_csv_needs_it(tmp_path):
    columns = {"x": [1, 2], "a,b": ["plain", 'say "hi"'], "c": ["two\nlines", "d,e"]}
    expected = 'x,"a,b",c\n1,plain,"two\nlines"\n2,"say ""hi""","d,e"\n'
    assert written(tmp_path, columns) == expected


def test_a_lone_empty_cell_is_quoted(tmp_path):
    assert written(tmp_path, {"x": ["a", ""]}) == 'x\na\n""\n'
    assert written(tmp_path, {"x": ["a", ""], "y": ["", "b"]}) == "x,y\na,\n,b\n"


def test_floats_are_written_in_their_shortest_form(tmp_path):
    wide = np.array([0.1, 1e22, -0.0, 1 / 3, np.inf, np.nan])
    assert written(tmp_path, {"x": wide}).split() == [
        *["x", "0.1", "1e+22", "-0", "0.3333333333333333", "inf", "nan"]
    ]
    narrow = np.array([0.1, 1 / 3], np.float32)
    assert written(tmp_path, {"x": narrow}).split() == ["x", "0.1", "0.33333334"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_floats_read_back_bit_for_bit(tmp_path, dtype, suffix):
    draw = np.random.default_rng(0)
    values = (draw.normal(size=5000) * 10.0 ** draw.integers(-30, 29, 5000)).astype(dtype)
    path = tmp_path / f"t.{suffix}"
    with writing(path) as table:
        for part in np.split(values, 5):
            table.write({"x": part, "y": part[::-1]})
    assert np.array_equal(read_numeric(path, ["x"]).values[:, 0].astype(dtype), values)


def test_other_types(tmp_path):
    columns = {
        "flag": [True, False],
        "when": pa.array([0, 1], pa.date32()),
        "kind": pa.array(["a", None]).dictionary_encode(),
        "n": pa.chunked_array([[1], [2]]),
    }
    assert (
        written(tmp_path, columns) == "flag,when,kind,n\ntrue,1970-01-01,a,1\nfalse,1970-01-02,,2\n"
    )
    with pytest.raises(DataError, match=r"column 'x' of type 'list<.*>' cannot be written as CSV"):
        written(tmp_path, {"x": pa.array([[1], [2]])})


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_columns_are_carried_through(tmp_path, suffix):
    source = tmp_path / "in.csv"
    source.write_text('x;name\n1,50;"a; b"\n2,5;\u00e9\n', encoding="latin-1")
    target = tmp_path / f"out.{suffix}"
    with writing(target) as table:
        for batch in open_table(source).batches(rows=1):
            score = batch.numeric(["x"])[:, 0] * 2
            carried = {name: batch.data.column(name) for name in batch.data.schema.names}
            table.write(carried | {"score": score})
    batches = list(open_table(target).batches())
    assert batches[0].data.column("x").to_pylist() == ["1,50", "2,5"]
    assert batches[0].data.column("name").to_pylist() == ["a; b", "é"]
    assert batches[0].numeric(["score"]).tolist() == [[3.0], [5.0]]


def test_parquet_keeps_types(tmp_path):
    path = tmp_path / "t.pq"
    with writing(path) as table:
        table.write({"n": np.arange(3), "x": np.zeros(3, np.float32), "s": ["a", "b", "c"]})
    assert [str(kind) for kind in pq.read_schema(path).types] == ["int64", "float", "string"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_nothing_written_is_an_empty_table(tmp_path, suffix):
    with writing(tmp_path / f"t.{suffix}"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [f"t.{suffix}"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_error_leaves_no_file_and_the_old_one_alone(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(b"old")

    def write_and_fail():
        with writing(path, force=True) as table:
            table.write({"x": [1]})
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(DataError, match="exists already"), writing(path):
        pytest.fail("the block must not begin")
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "message"),
    [("t.xlsx", "tables end in"), ("missing/t.csv", "is not a folder"), (".", "tables end in")],
)
def test_where_nothing_can_be_written(tmp_path, name, message):
    with pytest.raises(DataError, match=message), writing(tmp_path / name):
        pytest.fail("the block must not begin")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_full_disk_is_told_in_a_sentence(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    values = np.random.default_rng(0).normal(size=100_000)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
        with pytest.raises(DataError) as caught, writing(path) as table:
            table.write({"x": values})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == f"{path} cannot be written: File too large."
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_block_itself_is_not_blamed_on_the_file(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path / "t.csv"):
        open(tmp_path / "something else")  # noqa: SIM115


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"y": [1]}, r"the columns are \['y'\], but the first rows had \['x'\]"),
        ({"x": [[1]]}, r"column 'x' has shape \(1, 1\)"),
        ({"x": [1], "y": [1, 2]}, "have one length, not {'x': 1, 'y': 2}"),
    ],
)
def test_rows_that_do_not_fit(tmp_path, second, message):
    with writing(tmp_path / "t.csv") as table:
        table.write({"x": [1]})
        with pytest.raises(ShapeError, match=message):
            table.write(second)


def test_standard_output(capfdbinary):
    sys.stdout.write("before\n")
    with writing("-") as table:
        table.write({"x": [1], "é": ["ü"]})
        table.write({"x": [2], "é": ["b"]})
    sys.stdout.write("after\n")
    assert capfdbinary.readouterr().out.decode() == "before\nx,é\n1,ü\n2,b\nafter\n"


def test_standard_output_without_bytes_below(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with writing("-") as table:
        table.write({"x": [1]})
    assert sys.stdout.getvalue() == "x\n1\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("rows", [1, 100_000])
def test_standard_output_on_a_full_disk(monkeypatch, rows):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(DataError) as caught, writing("-") as table:
            table.write({"x": np.arange(rows)})
    assert str(caught.value) == "standard output cannot be written: No space left on device."


@pytest.mark.parametrize("rows", [1, 100_000])
def test_a_reader_that_goes_away_ends_the_block_quietly(monkeypatch, capfd, rows):
    reader, pipe = os.pipe()
    os.close(reader)
    with open(pipe, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with writing("-") as table:
            table.write({"x": np.arange(rows)})
        gone.write("more")  # goes nowhere: a second complaint would come from here
        gone.flush()
    assert capfd.readouterr() == ("", "")


def test_a_million_numbers_come_back(tmp_path):
    values = np.random.default_rng(0).normal(size=(10, 100_000))
    with writing(tmp_path / "t.csv") as table:
        table.write({f"x{j}": column for j, column in enumerate(values)})
    assert np.array_equal(read_numeric(tmp_path / "t.csv").values, values.T)
