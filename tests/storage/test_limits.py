"""What a file may cost holds with valid hashes too, and a person may raise it."""

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import pushforward as pf
import tiny
from pushforward import limits
from pushforward.errors import ConfigurationError, DataError, ModelError, PushforwardError
from pushforward.schema import store
from pushforward.training.checkpoint import CHECKPOINT, HISTORY, Checkpoint, read_history
from pushforward.training.state import State

HASHED = ("config.json", "model.safetensors")


@pytest.fixture
def model(tmp_path) -> Path:
    pf.save(tiny.flow(), tmp_path / "m")
    return tmp_path / "m"


def sign(folder: Path) -> None:
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED}
    (folder / "manifest.json").write_text(json.dumps(hashes))


def refused(folder: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        pf.load(folder)
    assert "\n" not in str(caught.value)


CAPS = [
    ("MANIFEST_BYTES", "manifest.json has 1\\d\\d bytes, more than the 10"),
    ("DOCUMENT", "config.json has [\\d,]+ bytes, more than the 10"),
]


@pytest.mark.parametrize(("cap", "match"), CAPS)
def test_the_caps_of_documents(model, monkeypatch, cap, match):
    monkeypatch.setattr(f"pushforward.storage.folder.{cap}", 10)
    refused(model, match)
    monkeypatch.setenv(limits.SWITCH, "1000")
    pf.load(model)


@pytest.mark.parametrize(
    ("cap", "match"),
    [
        ("FILE", "model.safetensors has [\\d,]+ bytes"),
        ("HEADER", "model.safetensors: its header has [\\d,]+ bytes"),
        ("TENSORS", "model.safetensors has [\\d,]+ tensors"),
        ("TENSOR", "model.safetensors: its tensor flow.* has [\\d,]+ bytes"),
    ],
)
def test_the_caps_of_tensors(model, monkeypatch, cap, match):
    monkeypatch.setattr(limits, cap, 5)
    refused(model, match + f", more than the 5 .* set {limits.SWITCH}=")
    monkeypatch.setenv(limits.SWITCH, "10000")
    pf.load(model)


@pytest.mark.parametrize("factor", ["", "0", "-1", "many", "nan", "inf", "1e300"])
def test_a_factor_that_is_none(model, monkeypatch, factor):
    monkeypatch.setenv(limits.SWITCH, factor)
    refused(model, "PUSHFORWARD_LIMIT_FACTOR is '.*', and must be a number from 1 to")


def test_a_file_of_more_than_there_is_room_for_is_not_hashed(model, monkeypatch):
    """A sparse file of a terabyte takes no room on the disk, but hours to read."""
    with open(model / "model.safetensors", "r+b") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr("pushforward.storage.folder.sha256", lambda _: pytest.fail("was read"))
    refused(model, "has 1,099,511,627,776 bytes, more than")


def test_a_header_of_gigabytes_is_not_read(model):
    path = model / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 50 << 20))
    with open(path, "r+b") as file:
        file.truncate(60 << 20)
    sign(model)
    refused(model, "its header has 52,428,800 bytes, more than the 8,388,608")


@pytest.mark.parametrize("name", ["manifest.json", *HASHED])
def test_pipes_and_devices_are_no_files(model, name):
    (model / name).unlink()
    os.mkfifo(model / name)  # which nobody writes to: to read it would take for ever
    refused(model, f"is not a whole model: {name} is missing")
    (model / name).unlink()
    (model / name).symlink_to("/dev/zero")
    refused(model, f"is not a whole model: {name} is missing")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_schemas_and_histories_that_are_no_files(tmp_path, make):
    make(tmp_path / "schema.json")
    make(tmp_path / HISTORY)
    with pytest.raises(DataError, match="is no ordinary file"):
        store.load(tmp_path / "schema.json")
    with pytest.raises(ModelError, match="is no ordinary file"):
        read_history(tmp_path)


def test_schemas_beyond_reason(tmp_path):
    path = tmp_path / "schema.json"
    with open(path, "wb") as file:
        file.truncate(limits.DOCUMENT + 1)
    with pytest.raises(DataError, match="bytes, more than"):
        store.load(path)
    with pytest.raises(DataError, match="a number of thousands of digits"):
        store.parse('{"version": ' + "1" * 5000 + "}", "s")
    keys = ", ".join(f'"k{i}": 0' for i in range(100_000))
    with pytest.raises(ConfigurationError, match="there is no key"):
        store.parse(f'{{"columns": [], {keys}}}', "s")


@pytest.mark.parametrize("text", ["[" * 100_000 + "\n", "1" * 5000 + "\n", "\n", "\x80\n"])
def test_histories_of_nonsense(tmp_path, text):
    (tmp_path / HISTORY).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="cannot be read, or is damaged"):
        read_history(tmp_path)


@pytest.mark.parametrize("state", ["[" * 100_000, "1" * 5000, "{}", "null", None])
def test_checkpoints_of_nonsense(tmp_path, state):
    flow = tiny.flow()
    optimizer = torch.optim.AdamW(flow.parameters())
    point = Checkpoint(tmp_path, State(flow, optimizer, torch.Generator()), {})
    metadata = {} if state is None else {"state": state, "sha256": "0"}
    save_file({"x": torch.zeros(1)}, tmp_path / CHECKPOINT, metadata)
    with pytest.raises(PushforwardError, match="start afresh with --force"):
        point.load()


IMAGE = {"shape": (1, 4, 4), "values": 4}
HUGE = [
    ("nice", {"features": 2}, {"features": 65_536}),
    ("maf", {"features": 2, "layers": 1, "hidden": (8,)}, {"features": 65_536}),
    ("glow", IMAGE | {"levels": 1, "steps": 1, "hidden": 4}, {"shape": [65_536] * 3}),
    ("glow", IMAGE | {"levels": 1, "steps": 1, "hidden": 4}, {"shape": [3, 8192, 8192]}),
    ("glow", IMAGE | {"levels": 1, "steps": 1, "hidden": 4}, {"shape": [-65_536] * 3}),
    ("pixels", IMAGE | {"width": 8, "blocks": 1}, {"blocks": 10**7}),
    ("stack", {"features": 2}, {"members": [{"kind": "gaussians", "components": 10**9}]}),
    ("stack", {"features": 2}, {"members": [{"kind": "triangular", "layers": 10**7}]}),
    ("stack", {"features": 2}, {"members": [{"kind": "gaussians", "components": 1}] * 10**4}),
]


@pytest.mark.parametrize(("recipe", "small", "huge"), HUGE)
def test_sizes_without_tensors_are_refused_before_anything_is_built(
    tmp_path, recipe, small, huge, monkeypatch
):
    pf.save(pf.flows.RECIPES[recipe](**small), tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text())
    config["flow"]["arguments"] |= huge
    path.write_text(json.dumps(config))
    sign(tmp_path / "m")
    with limited_memory():
        refused(tmp_path / "m", "does not fit its config")


class limited_memory:
    """Let this process have a gigabyte more than it has, so that one allocation of more fails."""

    def __enter__(self):
        import resource

        self.before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (1 << 30)
        resource.setrlimit(resource.RLIMIT_AS, (most, self.before[1]))

    def __exit__(self, *_):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, self.before)
