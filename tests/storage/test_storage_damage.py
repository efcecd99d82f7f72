"""A model's files taken for hostile: damaged, altered, newer, enormous, or not what they say."""

import hashlib
import json
import os
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import pushforward as pf
import tiny
from pushforward.errors import ModelError
from pushforward.storage import read_config
from pushforward.tables import NumericTable
from pushforward.tables.fitting import Request, fit_table
from pushforward.tables.model import load_table_model

HASHED = ("config.json", "model.safetensors")


@pytest.fixture
def model(tmp_path) -> Path:
    pf.save(tiny.flow(), tmp_path / "m")
    return tmp_path / "m"


def sign(folder: Path) -> None:
    """Make the manifest fit the files, as whoever alters a model on purpose would."""
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED}
    (folder / "manifest.json").write_text(json.dumps(hashes))


def alter(folder: Path, change) -> None:
    """Change the parsed config and sign it."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))
    sign(folder)


@contextmanager
def counting_modules() -> Iterator[list[None]]:
    """One entry for each module that is made inside: work that can be counted, unlike time."""
    made: list[None] = []
    construct = torch.nn.Module.__init__

    def counting(self, *args, **kwargs):
        made.append(None)
        construct(self, *args, **kwargs)

    torch.nn.Module.__init__ = counting
    try:
        yield made
    finally:
        torch.nn.Module.__init__ = construct


def refused(folder: Path, match: str | None = None) -> None:
    """It is refused, in one sentence that names the folder, after little work and memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with counting_modules() as built, pytest.raises(ModelError, match=match) as caught:
        pf.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(built) < 200  # a sound model of this size makes some thirty, twice
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize("name", HASHED)
def test_a_changed_byte_anywhere(model, name):
    path, draw = model / name, random.Random(0)
    data = path.read_bytes()
    for place in [0, len(data) - 1, *(draw.randrange(len(data)) for _ in range(30))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        refused(model, f"{name} was altered or damaged")
    path.write_bytes(data)
    pf.load(model)


@pytest.mark.parametrize("name", [*HASHED, "manifest.json"])
@pytest.mark.parametrize("keep", [0, 1, 10, -1])
def test_a_truncated_file(model, name, keep):
    path = model / name
    path.write_bytes(path.read_bytes()[:keep].rstrip(b"}\n"))
    refused(model, name)
    if name != "manifest.json":
        sign(model)
        refused(model, name)


@pytest.mark.parametrize("name", [*HASHED, "manifest.json"])
def test_a_missing_file(model, name):
    (model / name).unlink()
    refused(model, f"is not a whole model: {name} is missing")
    (model / name).mkdir()  # nor is a folder of that name one
    refused(model, f"is not a whole model: {name} is missing")


def test_no_model_at_all(tmp_path):
    refused(tmp_path / "nothing", "there is no such folder")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "there is no such folder")
    (tmp_path / "m.partial").mkdir()
    refused(tmp_path / "m.partial", "is its fit still unfinished?")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"config.json": 1}', "\x80", "[" * 100_000, '{"config.json": [1]'],
    ids=range(8),
)
def test_a_manifest_of_nonsense(model, text):
    (model / "manifest.json").write_bytes(text.encode("latin-1"))
    refused(model)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"null", b'{"format": 1}', b"\x80\xff", b"[" * 100_000, b'{"a":' * 50_000, b"\0"],
    ids=range(8),
)
def test_a_config_of_nonsense(model, text):
    (model / "config.json").write_bytes(text)
    sign(model)
    refused(model, r"config\.json is not a model's config")


@pytest.mark.parametrize("text", ['{"format": 99}', '{"format": 2, "flow": [], "new": {}}'])
def test_a_newer_format_whatever_it_looks_like(model, text):
    (model / "config.json").write_text(text)
    sign(model)
    refused(model, r"reads up to 1; upgrade pushforward")


def test_a_newer_format_that_looks_like_ours(model):
    alter(model, lambda config: config.update(format=2))
    refused(model, "has format 2, but this version of pushforward reads up to 1")
    alter(model, lambda config: config.update(format=0))
    refused(model, "is not a model's config: format")


ARGUMENTS = [
    {"features": 10**9},
    {"features": 3},
    {"features": 0},
    {"features": -1},
    {"features": "2"},
    {"features": 2.0},
    {"features": 1e300},
    {"features": True},
    {"features": None},
    {"hidden": [10**9]},
    {"hidden": [10**6, 10**6]},
    {"hidden": [8] * 10**5},
    {"hidden": [65_000, 65_000]},
    {"hidden": [8_000, 8_000]},
    {"hidden": [-8]},
    {"hidden": [[8]]},
    {"hidden": [1e308]},
    {"hidden": 8},
    {"layers": 10**6},
    {"layers": 10**4},
    {"layers": 2},
    {"layers": 0},
    {"bins": 10**9},
    {"bins": 10**18},
    {"context_features": 10**9},
    {"context_features": 3},
    {"wiring": "sideways"},
    {"activation": "__class__"},
    {"base": "mixture"},
    {"base": {"distribution": "Normal", "arguments": {"features": 10**9}}},
    {"base": {"distribution": "GaussianMixture", "arguments": {"features": 2, "components": 9**9}}},
    {"base": {"distribution": "os.system", "arguments": {"command": "true"}}},
    {"base": {"distribution": "Normal"}},
    {"base": {}},
    {"base": []},
    {"base": None},
    {"bound": "5"},
    {"bound": None},
    {"unknown": 1},
    {"scaler": "whiten"},
    {"scaler": ["none"]},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda a: str(a)[:40])
def test_arguments_that_are_not_those_of_the_tensors(model, arguments):
    alter(model, lambda config: config["flow"]["arguments"].update(arguments))
    refused(model, "does not fit its config")


def test_arguments_nested_without_end(model):
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    path = model / "config.json"
    path.write_text(path.read_text().replace('"normal"', deep))
    sign(model)
    refused(model)


@pytest.mark.parametrize("recipe", ["unknown", "", "__class__", "rebuild"])
def test_recipes_that_are_none(model, recipe):
    alter(model, lambda config: config["flow"].update(recipe=recipe))
    refused(model, f"made by the recipe '{recipe}', which is unknown here")


def test_a_guard_that_does_not_outlive_the_load(model):
    alter(model, lambda config: config["flow"]["arguments"].update(layers=10**4))
    refused(model)
    assert len(tiny.flow(layers=60).transform) == 61  # more tensors than the file had


def test_loads_in_threads_do_not_count_one_another(model):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        flows = list(pool.map(lambda _: pf.load(model), range(32)))
    assert all(tiny.same(flow, flows[0]) for flow in flows)


def with_tensors(folder: Path, change) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    sign(folder)


def test_tensors_that_are_not_those_of_the_config(model):
    name = "flow.transform.layers.1.loc"
    changes = {
        "wider": lambda t: t.update({name: torch.zeros(3)}),
        "deeper": lambda t: t.update({name: torch.zeros(2, 1)}),
        "doubles": lambda t: t.update({name: torch.zeros(2, dtype=torch.float64)}),
        "whole": lambda t: t.update({name: torch.zeros(2, dtype=torch.int64)}),
        "odd": lambda t: t.update({name: torch.zeros(2, dtype=torch.bfloat16)}),
        "gone": lambda t: t.pop(name),
        "more": lambda t: t.update({"flow.../../more": torch.zeros(1)}),
        "none": lambda t: t.clear(),
    }
    data = (model / "model.safetensors").read_bytes()
    for change in changes.values():
        with_tensors(model, change)
        refused(model, r"tensor flow\..* should be .*, but is")
        (model / "model.safetensors").write_bytes(data)


def header(folder: Path, entries: dict) -> None:
    """A safetensors file that is nothing but a header."""
    text = json.dumps(entries).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    sign(folder)


def test_a_header_that_promises_more_than_there_is(model):
    entry = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}
    header(model, {"flow.x": entry})
    refused(model, r"model\.safetensors cannot be read, or is damaged")
    (model / "model.safetensors").write_bytes(b"\xff" * 64)
    sign(model)
    refused(model, r"model\.safetensors cannot be read, or is damaged")


def test_names_that_lead_elsewhere(model, tmp_path):
    """Only files of four fixed names are ever opened, whatever the manifest lists."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    manifest = json.loads((model / "manifest.json").read_text())
    manifest |= {"../secret": "0" * 64, str(secret): "0" * 64}
    (model / "manifest.json").write_text(json.dumps(manifest))
    secret.chmod(0)
    pf.load(model)


def test_links_are_read_where_they_stay_in_the_folder(model, tmp_path):
    path = model / "model.safetensors"
    path.rename(model / "elsewhere")
    path.symlink_to(model / "elsewhere")
    pf.load(model)
    (tmp_path / "link").symlink_to(model)  # a folder may be reached by any way
    pf.load(tmp_path / "link")
    path.unlink()
    (model / "elsewhere").rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    refused(model, "is a link out of its folder; put the file itself there")
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    refused(model, "is missing")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(model):
    (model / "model.safetensors").chmod(0)
    refused(model, r"model\.safetensors cannot be read")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    values = tiny.rows(40, 3, dtype=torch.float64).numpy()
    model, _ = fit_table(NumericTable("t", ["a", "b", "c"], values), Request("maf", ("c",), 1))
    model.write(folder)
    return folder


@pytest.fixture
def table(fitted, tmp_path) -> Path:
    import shutil

    return Path(shutil.copytree(fitted, tmp_path / "table"))


TABLES = [
    (lambda t: t["columns"].pop(), "names 1 columns and 1 to condition on, but its flow has 2 "),
    (lambda t: t["context"].clear(), "names 2 columns and 0 to condition on"),
    (lambda t: t["columns"][0].update(offset=float("inf")), "table.columns.0.offset"),
    (lambda t: t["columns"][0].update(offset=float("nan")), "table.columns.0.offset"),
    (lambda t: t["columns"][0].update(name=3), "table.columns.0.name"),
    (lambda t: t["columns"][0].update(path="/etc/passwd"), "table.columns.0.path"),
    (lambda t: t["columns"][0].update(name="b"), "two of its columns are called 'b'"),
]


@pytest.mark.parametrize(("change", "message"), TABLES)
def test_columns_that_are_not_those_of_the_flow(table, change, message):
    alter(table, lambda config: change(config["table"]))
    with pytest.raises(ModelError, match=message):
        load_table_model(table)


def test_held_out_scores_that_are_none(table):
    for odd in (torch.zeros(2, 2), torch.zeros(3, dtype=torch.int64)):
        with_tensors(table, lambda t, odd=odd: t.update({"heldout.log_prob": odd}))
        with pytest.raises(ModelError, match="held-out rows are not a list of numbers"):
            load_table_model(table)


def test_a_flow_without_columns(model):
    with pytest.raises(ModelError, match="is a flow without columns"):
        load_table_model(model)


def test_reading_the_config_alone_checks_the_hashes_too(model):
    (model / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="was altered or damaged"):
        read_config(model)
