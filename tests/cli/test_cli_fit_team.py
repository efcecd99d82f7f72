"""`torchrun -m pushforward fit`: the model that one process makes, or one sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import teams
from pushforward.cli.app import run
from pushforward.tables.model import load_table_model

FIT = ("--flow", "nsf", "--set", "layers=1", "--set", "hidden=8,8", "--epochs", "2")


def fit_by_two(table: Path, model: Path) -> subprocess.CompletedProcess[str]:
    """The command by two processes."""
    return teams.together(2, "-m", "pushforward", "fit", str(table), "-o", str(model), *FIT)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).normal(size=(400, 2)) + 1e6  # so far out that it is shifted
    table = pa.table({"a": values[:, 0], "b": values[:, 1]})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=100)
    return path


def test_the_model_is_that_of_one_process(table: Path, tmp_path: Path) -> None:
    """Float32, two orders of summing: scores differ by rounding alone."""
    done = teams.together(
        2, "-m", "pushforward", "fit", str(table), "-o", str(tmp_path / "two"), *FIT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("held-out rows") == 1
    assert "held-out" in done.stdout
    assert done.stderr.count("The model is in") == 1
    assert run(["fit", str(table), "-o", str(tmp_path / "one"), *FIT]) == 0
    two, one = load_table_model(tmp_path / "two"), load_table_model(tmp_path / "one")
    assert two.table == one.table
    values = np.asarray(pq.read_table(table).to_pandas())
    np.testing.assert_allclose(two.log_prob(values), one.log_prob(values), atol=1e-4)
    np.testing.assert_allclose(two.heldout, one.heldout, atol=1e-4)
    assert two.training["fingerprint"] == one.training["fingerprint"]
    first, other = (m.figures["models"][0] for m in (two, one))
    assert first["nll"] == pytest.approx(other["nll"], abs=1e-4)
    assert first["error"] == pytest.approx(other["error"], abs=1e-4)
    assert first["standardized"] == pytest.approx(other["standardized"], abs=1e-4)


def test_a_fault_in_one_share_is_told_once(table: Path, tmp_path: Path) -> None:
    values = pq.read_table(table).to_pydict()
    values["b"][350] = None
    pq.write_table(pa.table(values), table, row_group_size=100)
    done = teams.together(
        2, "-m", "pushforward", "fit", str(table), "-o", str(tmp_path / "m"), *FIT
    )
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("pushforward: ")]
    assert len(said) == 1
    assert "column 'b', row 351 is empty" in said[0]
    assert not list(tmp_path.glob("m*"))


def test_images_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "nowhere", "MASTER_PORT": "1"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert run(["fit", "digits8", "-o", str(tmp_path / "m")]) == 2
    assert "Images are fitted by one process" in capsys.readouterr().err
