"""A fit that is killed, stopped or fails half-way: what is left, and how it goes on."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pushforward as pf
import tiny
from pushforward import files
from pushforward.training.checkpoint import CHECKPOINT, HISTORY
from tiny import QUICK, write_csv

MODEL = ("model.safetensors", "config.json", "manifest.json", "README.md")


def content(model: Path) -> dict[str, bytes]:
    return {name: (model / name).read_bytes() for name in MODEL}


def untimed(config: bytes) -> list[str]:
    """The lines of a model's record that do not say how long something took."""
    return [line for line in config.decode().splitlines() if '"seconds":' not in line]


class Killed(BaseException):
    """As good as SIGKILL where nothing is cleaned up."""


@pytest.fixture
def killed_at(pushforward, monkeypatch):
    """Run a command and kill it before its n-th replacement or removal; False where it ends."""

    def run(when: int, *arguments: object) -> bool:
        left, real = when, {name: getattr(os, name) for name in ("replace", "unlink", "rmdir")}

        def counting(name):
            def step(*args, **kwargs):
                nonlocal left
                left -= 1
                if left <= 0:  # dead: whatever would tidy up does not run either
                    raise Killed
                return real[name](*args, **kwargs)

            return step

        with monkeypatch.context() as patch:
            for name in real:
                patch.setattr(files.os, name, counting(name))
            try:
                return pushforward(*arguments).code != 0
            except Killed:
                return True

    return run


@pytest.fixture(scope="module")
def whole(shelf, tmp_path_factory) -> dict[str, bytes]:
    """The files of a model whose fit nobody disturbed."""
    from pushforward.cli.app import run

    model = tmp_path_factory.mktemp("whole") / "m"
    assert run(["fit", str(shelf / "t.csv"), "-o", str(model), *QUICK]) == 0
    return content(model)


def test_killed_at_any_write_and_resumed(pushforward, killed_at, table, tmp_path, whole):
    model = tmp_path / "m"
    call = ("fit", table, "-o", model, *QUICK)
    when = 0
    while killed_at(when := when + 1, *call):
        assert not model.exists() or content(model) == whole
        assert pushforward(*call, "--resume").code == 0
        assert content(model) == whole
        shutil.rmtree(model)
    assert when > 1 + 2 + 5  # a history, a state each epoch, then the model's files


def test_force_keeps_the_old_model_until_the_new_one_is_whole(
    pushforward, killed_at, table, tmp_path, whole
):
    model, when = tmp_path / "m", 4  # the checkpoints before are another test's matter
    old_call = ("fit", table, "-o", model, "--seed", 5, *QUICK)
    new_call = ("fit", table, "-o", model, *QUICK, "--force")
    pushforward(*old_call)
    old = content(model)
    while killed_at(when := when + 1, *new_call):
        if model.exists():
            assert content(model) in (old, whole)
        else:  # between two renames: both are whole
            assert content(tmp_path / ".m.old") == old
            assert content(tmp_path / "m.partial") == whole
        assert pushforward(*new_call, "--resume").code == 0
        assert content(model) == whole
        assert sorted(path.name for path in tmp_path.iterdir()) == ["m"]
        assert sorted(path.name for path in model.iterdir()) == sorted([*MODEL, HISTORY])
        pushforward(*old_call, "--force")
        assert content(model) == old
    assert content(model) == whole


def test_a_model_that_cannot_be_put_in_place(pushforward, table, tmp_path, monkeypatch):
    model, partial = tmp_path / "m", tmp_path / "m.partial"
    pushforward("fit", table, "-o", model, "--seed", 5, *QUICK)
    old, replace = content(model), os.replace

    def refusing(source, target):
        if Path(source) == partial:
            raise OSError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", refusing)
    code, out, err = pushforward("fit", table, "-o", model, *QUICK, "--force")
    assert (code, out) == (2, "")
    assert err.endswith("m cannot be written: Permission denied.\n")
    assert content(model) == old
    monkeypatch.undo()
    assert pushforward("fit", table, "-o", model, *QUICK, "--force", "--resume").code == 0
    assert content(model) != old


def test_resume_where_there_is_nothing_begins(pushforward, table, tmp_path, whole):
    assert pushforward("fit", table, "-o", tmp_path / "m", *QUICK, "--resume").code == 0
    assert content(tmp_path / "m") == whole


def test_resume_of_a_finished_model_says_so(pushforward, table, plain, tmp_path):
    model = Path(shutil.copytree(plain, tmp_path / "m"))
    mine = (model / ".gitattributes", model / "notes.md")
    for path in mine:
        path.write_text("mine")
    code, out, err = pushforward("fit", table, "-o", model, *QUICK, "--resume")
    assert (code, out) == (0, "")
    assert err == f"{model} is finished; there is nothing to resume.\n"
    assert content(model) == content(plain)
    assert all(path.read_text() == "mine" for path in mine)


def test_resume_of_another_fit_is_refused(refused, killed_at, table, tmp_path):
    call = ("fit", table, "-o", tmp_path / "m", "--flow", "maf", "--epochs")
    assert killed_at(3, *call, 2)
    refused("epochs was 2 and is 3 now. Give the same, or start afresh", *call, 3, "--resume")
    refused("the data's fingerprint", *call, 2, "--resume", "--columns", "c,b,a")
    refused("holds an unfinished fit", *call, 2)


def test_force_starts_afresh(pushforward, killed_at, table, tmp_path, whole):
    assert killed_at(3, "fit", table, "-o", tmp_path / "m", "--flow", "nice", "--epochs", 9)
    assert pushforward("fit", table, "-o", tmp_path / "m", *QUICK, "--force").code == 0
    assert content(tmp_path / "m") == whole
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("step", ["training", "baselines"])
def test_stopped_by_hand(pushforward, table, tmp_path, monkeypatch, step, whole):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    call = ("fit", table, "-o", tmp_path / "m", *QUICK)
    with monkeypatch.context() as patch:
        if step == "training":
            patch.setattr("pushforward.tables.fitting.fit", stop)
        else:
            patch.setattr("pushforward.diagnostics.baselines.compare", stop)
        code, out, err = pushforward(*call)
    assert (code, out) == (130, "")
    assert err.endswith("pushforward: stopped.\n")
    if step == "training":  # before a first epoch there is nothing to keep
        assert err == "pushforward: stopped.\n"
        assert list(tmp_path.iterdir()) == []
    else:
        assert "m.partial keeps the last whole epoch: go on with --resume.\n" in err
    assert pushforward(*call, "--resume").code == 0
    assert content(tmp_path / "m") == whole


def start(table: Path, model: Path, *options: object, flow: str = "maf") -> subprocess.Popen:
    """A fit in a process of its own."""
    call = [sys.executable, "-m", "pushforward", "fit", table, "-o", model, "--flow", flow]
    return subprocess.Popen(
        [str(part) for part in (*call, *options)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def epochs_done(partial: Path) -> int:
    """How many epochs the checkpoint's history tells of."""
    try:
        return (partial / HISTORY).read_text().count("\n")
    except FileNotFoundError:
        return 0


def wait_for(process: subprocess.Popen, ready) -> bool:
    """Until `ready()`; False where the process ends first."""
    while not ready():
        if process.poll() is not None:
            return False
        time.sleep(0.001)
    return True


def test_ctrl_c_keeps_the_checkpoint_and_says_how_to_resume(table, tmp_path):
    partial = tmp_path / "m.partial"
    process = start(table, tmp_path / "m", "--time-budget", "100s")
    assert wait_for(process, (partial / CHECKPOINT).exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    lines = err.splitlines()
    assert lines == [
        f"{partial} keeps the last whole epoch: go on with --resume.",
        "pushforward: stopped.",
    ]
    assert sorted(path.name for path in partial.iterdir()) == [CHECKPOINT, HISTORY]


@pytest.mark.parametrize(
    "signal_sent", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_typed_fit_that_was_stopped_goes_on_to_the_same_model(pushforward, tmp_path, signal_sent):
    draw, epochs = random.Random(0), 40
    lines = [f"{draw.choice('abc')},{draw.randrange(9)},{draw.gauss(0, 1):.7f}" for _ in range(600)]
    lines[::7] = [f",{line.partition(',')[2]}" for line in lines[::7]]
    table, model = tmp_path / "t.csv", tmp_path / "m"
    table.write_text("\n".join(["cut,n,x", *lines, ""]))
    options = ("--epochs", epochs, "--no-baselines")
    finish(start(table, tmp_path / "whole", *options, flow="columns"))
    process = start(table, model, *options, flow="columns")
    assert wait_for(process, lambda: epochs_done(tmp_path / "m.partial") > 1)
    process.send_signal(signal_sent)
    process.communicate(timeout=120)
    assert process.returncode == (130 if signal_sent == signal.SIGINT else -signal.SIGKILL)
    assert not model.exists()
    done = epochs_done(tmp_path / "m.partial")
    assert 1 < done < epochs
    again = ("fit", table, "-o", model, "--flow", "columns", *options, "--resume")
    assert pushforward(*again).code == 0
    one, other = content(model), content(tmp_path / "whole")
    assert one["model.safetensors"] == other["model.safetensors"]
    assert untimed(one["config.json"]) == untimed(other["config.json"])
    assert epochs_done(model) == epochs_done(tmp_path / "whole")


def finish(process: subprocess.Popen) -> None:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def kill_many_times(table: Path, folder: Path, kills: int, epochs: int, seed: int) -> int:
    """Kill -9 a fit at random moments, resume it each time, and compare; gives the kills made."""
    draw, options = random.Random(seed), ("--epochs", epochs, "--no-baselines")
    undisturbed, model, partial = folder / "whole", folder / "m", folder / "m.partial"
    finish(start(table, undisturbed, *options))
    done = 0
    for _ in range(kills):
        process = start(table, model, *options, "--resume")
        goal = epochs_done(partial) + draw.randrange(1 + epochs // (kills + 1))
        alive = wait_for(process, lambda goal=goal: epochs_done(partial) > goal)
        time.sleep(draw.uniform(0, 0.05))
        process.kill()
        process.communicate()
        done += alive and process.returncode == -signal.SIGKILL
    finish(start(table, model, *options, "--resume"))
    assert content(model) == content(undisturbed)
    assert sorted(path.name for path in model.iterdir()) == sorted([*MODEL, HISTORY])
    return done


def test_kill_9_at_some_moments(table, tmp_path):
    assert kill_many_times(table, tmp_path, kills=3, epochs=24, seed=0) == 3


@pytest.mark.slow
def test_kill_9_at_many_moments(tmp_path):
    table = write_csv(tmp_path / "t.csv", tiny.columns(3000))
    assert kill_many_times(table, tmp_path, kills=40, epochs=400, seed=1) > 20


def test_a_library_fit_and_a_command_line_fit_give_the_same_flow(table, plain):
    """Nothing but the documented split and seed stands between the two."""
    from pushforward.tables import read_numeric
    from pushforward.tables.fitting import Request, fit_table

    model, _ = fit_table(read_numeric(table), Request("maf", epochs=2))
    assert tiny.same(model.flow, pf.load(plain))
