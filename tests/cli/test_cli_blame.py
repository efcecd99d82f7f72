"""`score --blame`: a rare row comes with the column that makes it so."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import tiny
from pushforward.tables import TableReader
from tiny import write_csv

ADDED = ["log_prob", "rarity", "blame", "blame_nats"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A table of which rows 5 and 40 each have one value that is far off."""
    columns = tiny.columns()
    columns["b"][5], columns["a"][40] = 60.0, -9.0
    return write_csv(tmp_path_factory.mktemp("planted") / "t.csv", columns)


def read(path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(strings_can_be_null=True))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_planted_value_is_named(pushforward, plain, planted, tmp_path, suffix):
    target = tmp_path / f"s.{suffix}"
    assert pushforward("score", plain, planted, "-o", target, "--blame") == (0, "", "")
    scores = read(target)
    assert scores.column_names == ["a", "b", "c", *ADDED]
    blamed, nats = (scores.column(name).to_pylist() for name in ADDED[2:])
    assert (blamed[5], blamed[40]) == ("b", "a")
    assert nats[5] > 10
    rarity = scores.column("rarity").to_numpy()
    for who, cost, share in zip(blamed, nats, rarity, strict=True):
        assert (who is None) == (cost is None)
        assert who is None or share <= 0.01
    if suffix == "parquet":
        assert scores.schema.types[-2:] == [pa.string(), pa.float32()]


def test_the_limit(pushforward, plain, planted, tmp_path):
    target, call = tmp_path / "s.parquet", ("score", plain, planted, "-o")
    assert pushforward(*call, target, "--blame", "--blame-below", "1").code == 0
    scores = pq.read_table(target)
    blamed = np.array(scores.column("blame").to_pylist()) != np.array(None)
    assert blamed.sum() > 40  # a common row may have the best value in every column
    log_prob = scores.column("log_prob").to_numpy()
    nats = scores.column("blame_nats").to_pylist()
    assert nats[int(log_prob.argmin())] == max(cost for cost in nats if cost is not None)
    assert pushforward(*call, target, "--blame", "--blame-below", "0", "--force").code == 0
    few = pq.read_table(target)
    rare = few.column("rarity").to_numpy() == 0
    assert set(np.flatnonzero(few.column("blame").is_valid())) <= set(np.flatnonzero(rare))


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("model", ["plain", "given"])
def test_the_size_of_a_batch(pushforward, shelf, planted, tmp_path, monkeypatch, rows, model):
    call = ("score", shelf / model, planted, "--blame", "--blame-below", "0.3", "-o")
    assert pushforward(*call, tmp_path / "whole.csv").code == 0
    batches = TableReader.batches
    monkeypatch.setattr(TableReader, "batches", lambda self, **only: batches(self, rows, **only))
    assert pushforward(*call, tmp_path / "parts.csv").code == 0
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "parts.csv").read_bytes()


def test_a_conditional_model_blames_its_own_columns(pushforward, given, planted, tmp_path):
    assert pushforward("score", given, planted, "-o", tmp_path / "s.csv", "--blame").code == 0
    blamed = read(tmp_path / "s.csv").column("blame").to_pylist()
    assert blamed[5] == "b"
    assert set(blamed) <= {"a", "b", None}


@pytest.mark.parametrize("name", ["blame", "blame_nats"])
def test_a_name_that_is_taken(refused, pushforward, plain, tmp_path, name):
    table = write_csv(tmp_path / "t.csv", tiny.columns() | {name: np.arange(80)})
    call = ("score", plain, table, "-o", tmp_path / "o.csv")
    refused(f"has a column '{name}' already", *call, "--blame")
    assert not (tmp_path / "o.csv").exists()
    assert pushforward(*call).code == 0  # without --blame there is nothing to collide with


@pytest.mark.parametrize("limit", ["-0.1", "1.5", "nan"])
def test_a_limit_that_is_none(refused, plain, table, tmp_path, limit):
    call = ("score", plain, table, "-o", tmp_path / "o.csv", "--blame-below", limit)
    refused("a rarity from 0 to 1", *call, "--blame")
    refused("goes with --blame", *call)
