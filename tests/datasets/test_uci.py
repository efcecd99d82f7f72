"""The five density problems, on small files in the layout of the release."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

try:  # here, for it asks the machine's name by starting a program, which no test may
    import h5py
except ImportError:
    h5py = None

from pushforward.datasets.uci import PROBLEMS, find, load
from pushforward.errors import ConfigurationError, DataError


@pytest.fixture
def put(tmp_path):
    """A maker of files of the release: `put("power/data.npy", array)`."""

    def make(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, np.ndarray):
            np.save(path, content)
        elif isinstance(content, dict):
            write = pq.write_table if path.suffix == ".parquet" else pa.csv.write_csv
            write(pa.table(content), path)
        else:
            path.write_text(content)
        return path

    return make


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def sizes(split):
    return [len(part) for part in (split.train, split.validation, split.test)]


def test_power(put, tmp_path):
    """The published steps, one after another, with NumPy's own words."""
    rows = 100 * normal(200, 8)
    put("power/data.npy", rows)
    split = load("power", tmp_path)
    assert sizes(split) == [162, 18, 20]
    rng = np.random.RandomState(42)
    order = np.arange(200)
    rng.shuffle(order)
    expected = rows[order][:, [0, 2, 4, 5, 6, 7]]
    expected[:, 1] += 0.01 * rng.rand(200)
    expected[:, 0] += 0.001 * rng.rand(200)
    expected[:, 2:5] += rng.rand(200, 3)
    known = expected[:180]
    expected = (expected - known.mean(0)) / known.std(0)
    whole = np.concatenate([split.train, split.validation, split.test])
    assert whole.dtype == np.float32
    assert np.allclose(whole, expected, atol=1e-5)
    assert np.array_equal(split.known, whole[:180])
    assert np.array_equal(np.load(tmp_path / "power/data.npy"), rows)  # the file is left alone


def test_miniboone(put, tmp_path):
    rows = 3 * normal(50, 4) + 7
    put("miniboone/data.npy", rows)
    split = load("miniboone", tmp_path)
    assert sizes(split) == [41, 4, 5]
    assert np.allclose(split.known.mean(0), 0, atol=1e-6)
    assert np.allclose(split.known.std(0), 1, atol=1e-6)
    assert np.allclose(split.test, (rows[45:] - rows[:45].mean(0)) / rows[:45].std(0), atol=1e-5)


def gas(n=100):
    """Three independent sensors, and copies of the first and the third."""
    sensors = normal(n, 3)
    copies = sensors[:, [0, 2]] + 0.01 * normal(n, 2, seed=1)
    names = ("Time", "Meth", "Eth")
    columns = {name: normal(n, seed=j + 2) for j, name in enumerate(names)}
    order = (sensors[:, 0], copies[:, 0], sensors[:, 1], sensors[:, 2], copies[:, 1])
    return columns | {f"R{j}": column for j, column in enumerate(order)}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_gas(put, tmp_path, suffix):
    columns = gas()
    put(f"gas/ethylene_CO.{suffix}", columns)
    split = load("gas", tmp_path)
    assert sizes(split) == [81, 9, 10]
    assert not split.notes
    kept = np.stack([columns[name] for name in ("R1", "R2", "R4")], 1)  # a copy's original goes
    expected = (kept - kept.mean(0)) / kept.std(0, ddof=1)  # by all rows, as published
    whole = np.concatenate([split.known, split.test])
    assert np.allclose(whole, expected, atol=1e-5)


def test_gas_from_the_raw_text_is_a_quarter(put, tmp_path):
    rows = np.stack(list(gas(400).values()), 1)
    lines = ["  ".join(f"{cell:.6f}" for cell in row) for row in rows]
    put("gas/ethylene_CO.txt", "\n".join(["Time (seconds), CO conc (ppm), …", *lines]))
    split = load("gas", tmp_path)
    assert sizes(split) == [81, 9, 10]
    assert split.test.shape[1] == 3
    assert "a quarter of its rows, by seed 42" in split.notes[0]


def test_a_pickle_is_never_opened(put, tmp_path):
    put("gas/ethylene_CO.pickle", "cos\nsystem\n(S'touch /tmp/never'\ntR.")
    with pytest.raises(DataError, match=r"not opened here; .*read_pickle\('ethylene_CO.pickle'\)"):
        load("gas", tmp_path)
    np.save(tmp_path / "gas" / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    put("power/x", "")
    (tmp_path / "gas" / "objects.npy").rename(tmp_path / "power" / "data.npy")
    with pytest.raises(DataError, match=r"data.npy is not a plain array of numbers"):
        load("power", tmp_path)


def hepmass(n, extra, seed):
    """Two columns of numbers, one that is 0 now and then, and the class before them."""
    rows = normal(n, 3, seed=seed)
    rows[:, 1] = np.abs(rows[:, 1]) + 1
    rows[::7, 1] = 0
    label = np.arange(n) % 2
    cells = [label, *rows.T, *([np.full(n, 1000.0)] if extra else [])]
    body = "\n".join(",".join(f"{cell:.6f}" for cell in row) for row in zip(*cells, strict=True))
    return f"# label,f0,f1,f2\n{body}\n", rows[label == 1]


def test_hepmass(put, tmp_path):
    text, known = hepmass(200, False, 0)
    put("hepmass/1000_train.csv", text)
    with pytest.raises(DataError, match=r"1000_test.csv is missing"):
        load("hepmass", tmp_path)
    text, test = hepmass(60, True, 1)
    put("hepmass/1000_test.csv", text)  # its rows are longer than its header
    split = load("hepmass", tmp_path)
    assert sizes(split) == [90, 10, 30]
    kept = [0, 2]
    centre, scale = known[:, kept].mean(0), known[:, kept].std(0, ddof=1)
    assert np.allclose(split.known, (known[:, kept] - centre) / scale, atol=1e-4)
    assert np.allclose(split.test, (test[:, kept] - centre) / scale, atol=1e-4)


@pytest.mark.skipif(h5py is None, reason="h5py is not installed")
def test_bsds300(tmp_path):
    (tmp_path / "BSDS300").mkdir()
    parts = {name: normal(n, 63) for name, n in (("train", 9), ("validation", 3), ("test", 4))}
    with h5py.File(tmp_path / "BSDS300" / "BSDS300.hdf5", "w") as file:
        for name, rows in parts.items():
            file[name] = rows
    split = load("bsds300", tmp_path)
    assert sizes(split) == [9, 3, 4]
    assert np.array_equal(split.test, parts["test"].astype("float32"))
    (tmp_path / "BSDS300" / "BSDS300.hdf5").write_text("no")
    with pytest.raises(DataError, match="not the HDF5 file of the release"):
        load("bsds300", tmp_path)


def test_without_h5py(put, tmp_path, monkeypatch):
    put("BSDS300/BSDS300.hdf5", "")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'pushforward\[uci\]'"):
        load("bsds300", tmp_path)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(DataError, match=rf"^{name}: there is no {tmp_path}/"):
        load(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("power", "power/data.npy", normal(30, 6), r"rows of 8 columns, .*\(30, 6\)"),
        ("power", "power/data.npy", "text", "not a plain array of numbers"),
        ("power", "power/data.npy", np.array([["a"] * 8]), "not a plain array of numbers"),
        ("miniboone", "miniboone/data.npy", normal(30), r"must hold rows of columns, .*\(30,\)"),
        ("miniboone", "miniboone/data.npy", normal(9, 2), "too few rows"),
        ("gas", "gas/ethylene_CO.csv", {"R0": [1.0], "Time": [1.0]}, "no column 'Meth'"),
        ("gas", "gas/ethylene_CO.parquet", "text", "not a table that can be read"),
        ("gas", "gas/ethylene_CO.txt", "head\n1 2 x\n", "not a table of numbers"),
        ("gas", "gas/ethylene_CO.csv", gas(4) | {"R0": list("abcd")}, "what is not a number"),
    ],
)
def test_what_does_not_fit_is_refused(put, tmp_path, name, file, content, message):
    put(file, content)
    with pytest.raises(DataError, match=message) as caught:
        load(name, tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unknown_problem_gets_the_nearest_name():
    with pytest.raises(ConfigurationError, match="did you mean 'miniboone'"):
        find("mini-boone")
    with pytest.raises(ConfigurationError, match="there are power, gas, hepmass"):
        find("?")
