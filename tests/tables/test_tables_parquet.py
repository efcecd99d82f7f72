"""Parquet: numeric types are read as numbers, others refused, damage told in one sentence."""

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushforward.errors import DataError
from pushforward.tables import open_table, read_numeric


@pytest.fixture
def save(tmp_path):
    def save(columns, **options):
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table(columns), path, **options)
        return path

    return save


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, -2], pa.int8()),
        pa.array([1, -2], pa.int64()),
        pa.array([1.0, -2.0], pa.float32()),
        pa.array(np.array([1, -2], np.float16)),
        pa.array([decimal.Decimal("1.00"), decimal.Decimal("-2.00")]),
        pa.array([1, -2]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_numbers_of_any_type(save, column):
    assert read_numeric(save({"x": column})).values.tolist() == [[1.0], [-2.0]]


def test_booleans_are_0_and_1(save):
    assert read_numeric(save({"x": [True, False]})).values.tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["1", "2"]),
        pa.array([dt.date(2020, 1, 1)] * 2),
        pa.array([dt.datetime(2020, 1, 1)] * 2),
        pa.array([dt.timedelta(1)] * 2),
        pa.array([[1], [2]]),
        pa.array([{"a": 1}] * 2),
        pa.array(["a", "b"]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_other_types_are_refused_but_carried(save, column):
    path = save({"x": [None, 1.0], "y": column})
    with pytest.raises(DataError, match=r"column 'y' is of type .*, not a number"):
        read_numeric(path)
    [batch] = open_table(path).batches()
    assert batch.data.column("y").to_pylist() == column.to_pylist()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is empty"),
        (float("nan"), "holds 'nan', which is not a number"),
        (float("inf"), "holds 'inf', which is infinite"),
        (1e300, r"holds '1e\+300', which is beyond ±1e30"),
        (2**53 + 1, "holds '9007199254740993', an integer beyond"),
    ],
)
def test_unusable_values_are_refused_with_their_row(save, value, message):
    first = 1 if isinstance(value, int) else 1.0
    with pytest.raises(DataError, match=rf"t\.parquet: column 'x', row 2 {message}"):
        read_numeric(save({"x": [first, value]}))


def test_a_column_of_nulls_is_empty(save):
    with pytest.raises(DataError, match="column 'x', row 1 is empty"):
        read_numeric(save({"x": pa.nulls(3)}))


def test_large_integers_that_are_exact_are_read(save):
    assert read_numeric(save({"x": [2**60, -(2**62)]})).values.tolist() == [[2.0**60], [-(2.0**62)]]


def test_batches_do_not_follow_the_row_groups(save):
    path = save({"x": np.arange(1000.0), "y.z": np.arange(1000)}, row_group_size=70)
    batches = list(open_table(path).batches(rows=300))
    assert [(batch.start, len(batch)) for batch in batches] == [
        (0, 300),
        (300, 300),
        (600, 300),
        (900, 100),
    ]
    values = np.concatenate([batch.numeric(["y.z", "x"]) for batch in batches])
    assert np.array_equal(values[:, 0], values[:, 1])
    assert read_numeric(path, columns=["y.z"]).values[-1].tolist() == [999.0]


def test_no_rows(save):
    with pytest.raises(DataError, match="there are no data rows"):
        read_numeric(save({"x": pa.array([], pa.float64())}))


def test_no_columns(save):
    with pytest.raises(DataError, match="has no columns"):
        open_table(save({}))


def test_duplicate_names(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(DataError, match="columns 1 and 2 are both called 'a'"):
        open_table(path)


DAMAGE = {
    "empty": lambda data: data[:0],
    "of another format": lambda data: data[:0] + b"a,b\n1,2\n",
    "cut short": lambda data: data[:-100],
    "cut at its start": lambda data: data[100:],
    "overwritten": lambda data: data[:4] + bytes(len(data) - 12) + data[-8:],
    "page overwritten": lambda data: data[:8] + b"\xff" * 400 + data[408:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_told_in_a_sentence(save, damage):
    path = save({"x": np.random.default_rng(0).normal(size=1000)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="it is no Parquet file, or is damaged or cut short"):
        read_numeric(path)
