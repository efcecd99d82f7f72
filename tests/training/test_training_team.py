"""A fit that is divided among processes is that of one process."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import teams
from pushforward.errors import DataError
from pushforward.tables.pieces import files_of, pieces_of, read_share
from pushforward.tables.together import own
from pushforward.training.data import Rows, Shard, split, together
from pushforward.training.fingerprint import fingerprint


@pytest.fixture
def rows() -> Rows:
    x = torch.arange(40.0).reshape(20, 2)
    return Rows(x, x[:, :1] * 2, torch.linspace(1, 2, 20))


def parts(rows: Rows, cuts: tuple[int, ...]) -> list[Shard]:
    """The rows as several processes have them."""
    edges = (0, *cuts, len(rows))
    held = [(rows.x[a:b], rows.context[a:b], rows.weight[a:b], a) for a, b in pairwise(edges)]
    return [Shard(*one[:3], start=one[3], whole=len(rows)) for one in held]


def test_batches_of_all_processes_are_those_of_one(rows: Rows) -> None:
    whole = list(rows.shuffled(7, torch.Generator().manual_seed(3)))
    apart = [list(s.shuffled(7, torch.Generator().manual_seed(3))) for s in parts(rows, (4, 5))]
    for batch, *pieces in zip(whole, *apart, strict=True):
        assert [piece.count for piece in pieces] == [len(batch)] * 3
        joined = torch.cat([torch.cat([p.x, p.context, p.weight[:, None]], 1) for p in pieces])
        expected = torch.cat([batch.x, batch.context, batch.weight[:, None]], 1)
        assert torch.equal(joined.sort(0).values, expected.sort(0).values)


def test_a_part_of_a_shard_knows_its_place(rows: Rows) -> None:
    index = torch.tensor([1, 4, 9, 15, 19])
    taken = [shard.take(index) for shard in parts(rows, (4, 10))]
    assert [(s.start, len(s), s.whole) for s in taken] == [(0, 1, 5), (1, 2, 5), (3, 2, 5)]
    assert torch.equal(torch.cat([s.x for s in taken]), rows.x[index])


def test_splits_of_shards_are_the_split_of_all(rows: Rows) -> None:
    kept, aside = split(rows, 0.2, seed=1)
    assert aside is not None
    sides = [split(shard, 0.2, seed=1) for shard in parts(rows, (3,))]
    assert torch.equal(torch.cat([train.x for train, _ in sides]), kept.x)
    assert torch.equal(torch.cat([judge.x for _, judge in sides if judge is not None]), aside.x)


def test_a_fingerprint_adds_up_over_processes(rows: Rows) -> None:
    known = int(fingerprint([rows.x, rows.weight]), 16)
    apart = [int(fingerprint([s.x, s.weight], s.start), 16) for s in parts(rows, (1, 11))]
    assert sum(apart) % 2**64 == known
    changed = rows.x.clone()
    changed[7, 1] = changed[7, 1].nextafter(torch.tensor(99.0))
    assert int(fingerprint([changed, rows.weight]), 16) != known


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="two rows or more"):
        together(Rows(torch.zeros(1, 2), None, torch.ones(1)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files of 10 rows, in groups of 4, 4 and 2."""
    for i in range(3):
        values = np.arange(10.0) + 10 * i
        pq.write_table(pa.table({"a": values, "b": -values}), tmp_path / f"{i}.parquet", 4)
    return tmp_path


@pytest.mark.parametrize("size", [1, 2, 4, 9, 13])
def test_shares_are_the_table(folder: Path, size: int) -> None:
    shares = [read_share(folder, ["b"], rank, size).values for rank in range(size)]
    assert all(len(share) for share in shares)
    assert np.concatenate(shares)[:, 0].tolist() == [-float(i) for i in range(30)]


def test_no_process_reads_all_where_there_are_pieces_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(pieces_of(folder)) == 9
    read = []
    plain = pq.ParquetFile.iter_batches

    def watched(self: pq.ParquetFile, *args: object, **kwargs: object) -> object:
        read.append(kwargs["row_groups"])
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)
    assert len(read_share(folder, None, 1, 3).values) == 10
    assert read == [[0], [1], [2]]


def test_rows_keep_their_numbers_in_the_file(folder: Path) -> None:
    values = [*range(8), None, 9]
    pq.write_table(pa.table({"a": values, "b": values}), folder / "1.parquet", 4)
    with pytest.raises(DataError, match=r"1\.parquet: column 'a', row 9 is empty"):
        read_share(folder, None, 1, 3)


def test_files_are_found_and_refused(folder: Path) -> None:
    assert [p.name for p in files_of(f"{folder}/[02].parquet")] == ["0.parquet", "2.parquet"]
    with pytest.raises(DataError, match="no file has such a name"):
        files_of(f"{folder}/*.csv")
    (folder / "x.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="mixed"):
        files_of(folder)


def test_more_processes_than_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    with pytest.raises(DataError, match="3 processes for 2 rows"):
        read_share(tmp_path / "t.csv", None, 0, 3)


def test_own_rows() -> None:
    assert own(np.array([0, 2, 3, 7]), start=2, count=5).tolist() == [0, 1]


def test_two_processes_fit_what_one_does(tmp_path: Path) -> None:
    """In float64, where sums of other orders differ by 1e-12 at most; stopped and resumed too."""
    done = teams.together(2, teams.__file__, str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    alone = teams.fitted(str(tmp_path / "alone"), epochs=4)
    np.testing.assert_allclose(found["whole"], alone, rtol=1e-9)
    assert found["resumed"] == found["whole"]
    resumed = teams.fitted(str(tmp_path / "whole"), epochs=4, resume=True)  # by one, theirs
    np.testing.assert_allclose(resumed, alone, rtol=1e-9)
