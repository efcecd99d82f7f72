"""`bench uci`: test figures beside the published ones, of the data sets that are there."""

import sys
import types
from types import SimpleNamespace

import numpy as np
import pytest

import pushforward as pf
from pushforward.distributions import Normal


@pytest.fixture
def asked(monkeypatch):
    """A fit that asks nothing of the data; what it was asked is kept."""
    calls = []

    def fit_density(x, *, time_budget, seed):
        calls.append((x, time_budget, seed))
        return SimpleNamespace(flow=pf.Flow(Normal(x.shape[1])))

    module = types.ModuleType("pushforward.density")
    module.fit_density = fit_density
    monkeypatch.setitem(sys.modules, "pushforward.density", module)
    return calls


@pytest.fixture
def release(tmp_path):
    for name, width in (("power", 8), ("miniboone", 4)):
        (tmp_path / name).mkdir()
        rows = np.random.default_rng(width).normal(size=(400, width))
        np.save(tmp_path / name / "data.npy", rows)
    return tmp_path


def test_figures_stand_beside_the_published_ones(pushforward, asked, release):
    code, out, err = pushforward(
        *("bench", "uci", "--data", release, "--time-budget", "2m", "--seed", "3")
    )
    assert code == 0
    head, *lines = out.splitlines()
    assert [line.split()[0] for line in lines] == ["power", "miniboone"]
    assert lines[0].split()[-2:] == ["0.66", "0.66"]
    assert lines[1].split()[-2:] == ["-9.22", "-8.86"]
    assert [len(line) for line in lines] == [len(head)] * 2
    name, rows, nats, _, error, *_ = lines[1].split()
    # Four standard columns under N(0, I): -2·(1 + log 2π) = -5.68, each row off by √2.
    assert (name, rows) == ("miniboone", "40")
    assert abs(float(nats) + 5.68) < 4 * 0.22
    assert float(error) == pytest.approx(np.sqrt(2 / 40), rel=0.5)
    assert [(len(x), budget, seed) for x, budget, seed in asked] == [(360, 120.0, 3)] * 2
    notes = err.splitlines()
    assert [note.split(":")[0] for note in notes] == ["gas", "hepmass", "bsds300"]
    assert str(release / "BSDS300" / "BSDS300.hdf5") in notes[2]


def test_only_some(pushforward, refused, asked, release):
    code, out, err = pushforward("bench", "uci", "--data", release, "--only", "miniboone")
    assert (code, err, len(out.splitlines())) == (0, "", 2)
    refused("did you mean 'power'", "bench", "uci", "--data", release, "--only", "powr")


def test_none_is_there(refused, asked, tmp_path):
    message = r"holds none of the data sets asked for; power: there is no .*data\.npy"
    refused(message, "bench", "uci", "--data", tmp_path)
    refused(r"gas: there is no", "bench", "uci", "--data", tmp_path, "--only", "gas,bsds300")
    assert not asked


def test_a_damaged_file_holds_up_nobody_else(pushforward, asked, release):
    (release / "power" / "data.npy").write_text("no array")
    code, out, err = pushforward("bench", "uci", "--data", release, "--only", "power,miniboone")
    assert code == 2
    assert [line.split()[0] for line in out.splitlines()] == ["problem", "miniboone"]
    assert err.startswith("pushforward: power: ")
    assert err.count("\n") == 1


def test_a_budget_that_is_none(refused, asked, release):
    refused("A time budget looks like", "bench", "uci", "--data", release, "--time-budget", "x")
