"""Rows stream through a model: the size of a batch changes nothing, that of the file no memory."""

import subprocess
import sys

import numpy as np
import pytest

import tiny
from pushforward.tables import TableReader, model, read_numeric
from pushforward.tables.model import load_table_model
from tiny import write_csv


@pytest.mark.parametrize("command", ["score", "encode", "decode"])
@pytest.mark.parametrize("rows", [1, 7, 33])
def test_the_size_of_a_batch(pushforward, shelf, tmp_path, monkeypatch, command, rows):
    table = shelf / "t.csv"
    if command == "decode":
        table = write_csv(
            tmp_path / "z.csv",
            tiny.columns()
            | {f"z_{k}": column for k, column in enumerate(tiny.columns(seed=1).values(), start=1)},
        )
    call = (command, shelf / "given", table, "-o")
    assert pushforward(*call, tmp_path / "whole.csv").code == 0
    batches = TableReader.batches
    monkeypatch.setattr(TableReader, "batches", lambda self, **only: batches(self, rows, **only))
    monkeypatch.setattr(model, "CHUNK", 5)
    assert pushforward(*call, tmp_path / "parts.csv").code == 0
    one, two = (read_numeric(tmp_path / f"{name}.csv") for name in ("whole", "parts"))
    assert one.names == two.names
    assert np.allclose(one.values, two.values, rtol=1e-5, atol=1e-6)
    if command == "score":  # and here to the last digit
        assert np.array_equal(one.values, two.values)


def test_samples_do_not_depend_on_their_context_being_repeated(shelf, monkeypatch):
    given = load_table_model(shelf / "given")
    context = np.array([[1.0], [2.0], [3.0]])
    monkeypatch.setattr(model, "CHUNK", 4)
    blocks = list(given.sample(3, 0, context))
    assert [len(block) for block in blocks] == [4, 4, 1]


def test_a_reader_that_goes_away(plain):
    call = f"{sys.executable} -m pushforward sample {plain} -n 1000000 -o - | head -n 1"
    result = subprocess.run(call, shell=True, capture_output=True, text=True, timeout=120)
    assert (result.stdout, result.stderr) == ("a,b,c\n", "")


def peak(*arguments: object) -> int:
    """The most memory that a command held, in MB."""
    code = (
        "import resource, sys; from pushforward.cli.app import run; assert run(sys.argv[1:]) == 0; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    call = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(call, capture_output=True, text=True, check=True)
    return int(result.stderr.split()[-1]) // 1024


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_memory_is_flat(plain, tmp_path, suffix):
    held: dict[str, list[int]] = {"sample": [], "score": [], "encode": []}
    for n in (5 * 10**5, 3 * 10**6):
        table, output = tmp_path / f"{n}.{suffix}", tmp_path / f"out.{suffix}"
        held["sample"].append(peak("sample", plain, "-n", n, "-o", table))
        for command in ("score", "encode"):
            held[command].append(peak(command, plain, table, "-o", output, "--force"))
    for few, many in held.values():
        assert many < few + 100  # the numbers alone are 200 MB more
