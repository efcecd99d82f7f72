"""A checkpoint: what it is worth after a crash, a damage, a full disk, and for another fit."""

import errno
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import pushforward as pf
import tiny
from poison import Poisoned, flow_with, poisoned_rows
from pushforward import files
from pushforward.errors import ConfigurationError, DataError, ModelError
from pushforward.training.checkpoint import CHECKPOINT, HISTORY, read_history

EPOCHS = 4


def fit(folder, flow=None, x=None, resume=False, **settings):
    flow = tiny.flow() if flow is None else flow
    x = tiny.rows() if x is None else x
    settings = {"epochs": EPOCHS, "batch_size": 64} | settings
    return pf.fit(flow, x, checkpoint=folder, resume=resume, **settings)


def without_clock(history: list) -> list:
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in history]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The fit that nobody disturbed."""
    return fit(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def half(tmp_path, whole):
    """A folder with the checkpoint of a fit that was killed after its second epoch."""
    assert die_at(3, lambda: fit(tmp_path))
    assert [e["epoch"] for e in read_history(tmp_path)] == [1, 2]
    return tmp_path


class Killed(BaseException):
    """As good as SIGKILL where nothing is cleaned up."""


def die_at(replacements: int, run: Callable[[], object], after: bool = True) -> bool:
    """Kill `run` at its n-th replacement of a file, or after it; False where it ends before."""
    replace, left = os.replace, replacements

    def dying(source, target):
        nonlocal left
        left -= 1
        if left or after:
            replace(source, target)
        if not left:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "replace", dying)
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # a corpse clears nothing away
        try:
            run()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("replacements", range(1, EPOCHS + 2))  # one history, a state each epoch
@pytest.mark.parametrize("after", [False, True])
def test_a_fit_killed_at_any_write_goes_on_as_if_nothing_had_been(
    tmp_path, whole, replacements, after
):
    assert die_at(replacements, lambda: fit(tmp_path), after)
    resumed = fit(tmp_path, resume=True)
    assert tiny.same(resumed.flow, whole.flow)
    assert without_clock(resumed.history) == without_clock(whole.history)
    assert read_history(tmp_path) == resumed.history
    assert (resumed.nll, resumed.best_epoch) == (whole.nll, whole.best_epoch)


def test_it_does_not_matter_how_the_flow_looks_before(half, whole):
    other = tiny.flow()
    with torch.no_grad():
        for p in other.parameters():
            p.normal_()
    assert tiny.same(fit(half, other, resume=True).flow, whole.flow)


def test_with_undone_steps_too(tmp_path):
    def run(folder=None, resume=False):
        flow, x = flow_with(Poisoned("value")), poisoned_rows()
        return pf.fit(flow, x, checkpoint=folder, resume=resume, epochs=6, batch_size=64)

    whole = run()
    assert die_at(4, lambda: run(tmp_path))
    resumed = run(tmp_path, resume=True)
    assert tiny.same(whole.flow, resumed.flow)
    assert without_clock(whole.history) == without_clock(resumed.history)
    assert any("event" in entry for entry in whole.history)


def test_nothing_to_resume_is_a_beginning(tmp_path, whole):
    assert tiny.same(fit(tmp_path / "new" / "folder", resume=True).flow, whole.flow)


def test_resuming_a_finished_fit_changes_nothing(tmp_path, whole):
    fit(tmp_path)
    again = fit(tmp_path, resume=True)
    assert tiny.same(again.flow, whole.flow)
    assert without_clock(again.history) == without_clock(whole.history)


def test_without_resume_a_checkpoint_is_not_overwritten(half, whole):
    before = (half / CHECKPOINT).read_bytes()
    with pytest.raises(ConfigurationError, match="holds a checkpoint; go on from it with resume"):
        fit(half, seed=7)
    assert (half / CHECKPOINT).read_bytes() == before
    (half / CHECKPOINT).unlink()
    result = fit(half, seed=7)
    assert [entry["epoch"] for entry in result.history] == [1, 2, 3, 4]
    assert not tiny.same(result.flow, whole.flow)


def test_time_already_spent_counts(tmp_path):
    first = fit(tmp_path, epochs=None, time_budget=0.3, patience=2.0)
    again = fit(tmp_path, epochs=None, time_budget=0.3, patience=2.0, resume=True)
    assert again.stopped == "the time budget was used"
    assert 0 <= len(again.history) - len(first.history) <= 1  # saving takes time, too


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed was 0 and is 1 now"),
        ({"epochs": 5}, "epochs was 4 and is 5 now"),
        ({"batch_size": 32}, "batch_size was 64 and is 32 now"),
        ({"x": tiny.rows(seed=1)}, "the data's fingerprint was"),
        ({"flow": tiny.flow(recipe="maf")}, "the recipe was 'nsf' and is 'maf' now"),
        ({"flow": tiny.flow(layers=2)}, "the flow's layers was 1 and is 2 now"),
        ({"flow": tiny.flow().double()}, "the dtype was 'torch.float32'"),
    ],
)
def test_a_checkpoint_of_another_fit(half, change, message):
    with pytest.raises(ModelError, match=f"belongs to another fit: {message}"):
        fit(half, resume=True, **change)


def test_a_hand_made_flow_of_another_shape(half):
    flow = tiny.flow(layers=2)
    flow.made_by = tiny.flow().made_by
    with pytest.raises(ModelError, match="holds other tensors than this flow"):
        fit(half, flow, resume=True)


def rewrite(folder: Path, **change: object) -> None:
    """Change the facts of a checkpoint, as a program would that means well."""
    path = folder / CHECKPOINT
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    metadata["state"] = json.dumps(json.loads(metadata["state"]) | change)
    save_file(tensors, path, metadata)


def test_a_checkpoint_of_a_newer_version(half):
    rewrite(half, schema=99)
    with pytest.raises(ModelError, match=r"written by a newer version; upgrade"):
        fit(half, resume=True)


def test_changed_facts_are_noticed(half):
    rewrite(half, counters={"epoch": 3})
    with pytest.raises(ModelError, match=r"is damaged \(its SHA-256 is another\)"):
        fit(half, resume=True)


@pytest.mark.parametrize("keep", [0, 1, 8, 100, 0.5, 0.99, -1])
def test_a_truncated_checkpoint(half, keep):
    path = half / CHECKPOINT
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if 0 < keep < 1 else keep])
    with pytest.raises(ModelError, match=r"is damaged \(.*start afresh with --force"):
        fit(half, resume=True)


def test_a_changed_byte_anywhere(half):
    path, draw = half / CHECKPOINT, random.Random(0)
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    places = [0, 9, header - 1, header, len(data) - 1]
    places += [draw.randrange(header) for _ in range(20)]
    places += [draw.randrange(header, len(data)) for _ in range(20)]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ModelError):
            fit(half, resume=True)


def test_a_refused_checkpoint_leaves_the_flow_alone(half):
    path = half / CHECKPOINT
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    flow, twin = tiny.flow(), tiny.flow()
    for each in (flow, twin):
        each.initialize(tiny.rows())
    with pytest.raises(ModelError):
        fit(half, flow, resume=True)
    assert tiny.same(flow, twin)


@pytest.mark.parametrize("text", [None, "", "{\n", '{"epoch": "1"}\n', "[1]\n", "\x80\n"])
def test_a_damaged_history(half, text):
    path = half / HISTORY
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="latin-1")
    if text == "":
        assert len(fit(half, resume=True).history) == 2  # nothing contradicts an empty one
        return
    with pytest.raises(ModelError, match=r"history\.jsonl cannot be read, or is damaged"):
        fit(half, resume=True)


def test_a_history_cut_short_by_a_crash(half, whole):
    with (half / HISTORY).open("a") as file:
        file.write('{"epoch": 3, "step"')
    resumed = fit(half, resume=True)
    assert tiny.same(resumed.flow, whole.flow)
    assert read_history(half) == resumed.history
    assert without_clock(resumed.history) == without_clock(whole.history)


@pytest.mark.parametrize("step", ["write_bytes", "chmod", "fsync", "replace"])
@pytest.mark.parametrize("when", [3, 4, 5])  # the history, then the state of each epoch
def test_a_disk_that_fails_leaves_the_checkpoint_before(tmp_path, whole, step, when):
    owner = Path if step == "write_bytes" else os
    real, left = getattr(owner, step), when

    def failing(*args, **kwargs):
        nonlocal left
        left -= 1
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, failing)
        with pytest.raises(DataError, match=f"{tmp_path}.* cannot be written: No space left"):
            fit(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert tiny.same(fit(tmp_path, resume=True).flow, whole.flow)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file cannot be written: File exists"):
        fit(tmp_path / "file")
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        fit(tmp_path / "file" / "below")
