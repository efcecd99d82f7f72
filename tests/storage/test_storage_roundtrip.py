"""What is saved comes back the same, and a model's folder holds no more than it should."""

import ast
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch

import pushforward as pf
import tiny
from pushforward.distributions import BASES, GaussianMixture, StudentT, Uniform
from pushforward.errors import ConfigurationError, DataError
from pushforward.storage import Config, read_model, write_model
from pushforward.storage.config import FlowRecord
from pushforward.tables import NumericTable
from pushforward.tables.fitting import Request, fit_table
from pushforward.tables.model import load_table_model

SOURCE = Path(pf.__file__).parent


def perturbed(flow: pf.Flow) -> pf.Flow:
    """Every number moved, so that a tensor left out would show."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    flow.initialize(tiny.rows(100, flow.event_shape[0], dtype=next(flow.parameters()).dtype))
    return flow.eval()


def assert_comes_back(flow: pf.Flow, folder: Path, context: torch.Tensor | None = None) -> None:
    pf.save(flow, folder)
    loaded = pf.load(folder)
    assert tiny.same(flow, loaded)
    assert not loaded.training
    x = tiny.rows(20, flow.event_shape[0], seed=5, dtype=next(flow.parameters()).dtype)
    assert torch.equal(loaded.log_prob(x, context), flow.log_prob(x, context))
    assert loaded.made_by == flow.made_by
    pf.save(loaded, folder, force=True)  # and once more, from what was read


@pytest.mark.parametrize("recipe", pf.flows.vector_recipes())
@pytest.mark.parametrize("features", [1, 3])
def test_every_recipe_comes_back(tmp_path, recipe, features):
    assert_comes_back(perturbed(tiny.flow(features, recipe)), tmp_path / "m")


@pytest.mark.parametrize("base", ["normal", "full", "uniform", "student_t", "mixture"])
@pytest.mark.parametrize("scaler", ["none", "standardize", "whiten"])
def test_every_base_and_scaler_comes_back(tmp_path, base, scaler):
    assert_comes_back(perturbed(tiny.flow(2, base=base, scaler=scaler)), tmp_path / "m")


@pytest.mark.parametrize(
    "base",
    [
        Uniform(2, low=-5_000_000, high=[1, 10_000_000]),  # numbers that are no sizes
        StudentT(2, df=[2, 1000], trainable=True),
        GaussianMixture(2, components=3),
    ],
)
def test_bases_with_arguments_come_back(tmp_path, base):
    assert_comes_back(perturbed(tiny.flow(2, base=base)), tmp_path / "m")


def test_a_conditional_flow_of_doubles_comes_back(tmp_path):
    flow = tiny.flow(2, context_features=3, wiring="coupling").double().eval()
    context = tiny.rows(20, 3, dtype=torch.float64)
    flow.initialize(tiny.rows(20, dtype=torch.float64), context)
    assert_comes_back(flow, tmp_path / "m", context)


def test_a_hidden_layer_that_one_feature_does_not_use(tmp_path):
    flow = tiny.flow(1, wiring="coupling", hidden=(5000,))  # larger than all it stores
    assert_comes_back(perturbed(flow), tmp_path / "m")


def test_what_a_model_folder_holds(tmp_path):
    pf.save(tiny.flow(), tmp_path / "m")
    names = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert names == ["README.md", "config.json", "manifest.json", "model.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    mask = os.umask(0)
    os.umask(mask)
    assert all(path.stat().st_mode & 0o777 == 0o666 & ~mask for path in (tmp_path / "m").iterdir())


def test_an_existing_folder(tmp_path):
    flow, folder = tiny.flow(), tmp_path / "m"
    pf.save(flow, folder)
    with pytest.raises(DataError, match="exists already"):
        pf.save(flow, folder)
    pf.save(perturbed(flow), folder, force=True)
    assert tiny.same(pf.load(folder), flow)
    (tmp_path / "empty").mkdir()
    pf.save(flow, tmp_path / "empty", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "m"]


def test_force_never_replaces_what_is_no_model(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    (tmp_path / "data.csv").write_text("a\n1\n")
    for name in ("letters", "data.csv", "."):
        with pytest.raises(DataError, match="is no model, so it is not replaced"):
            pf.save(tiny.flow(), tmp_path / name, force=True)
    assert (tmp_path / "letters" / "love.txt").read_text() == "dear"
    assert (tmp_path / "data.csv").exists()


def test_a_link_to_a_model_is_replaced_and_its_goal_left(tmp_path):
    pf.save(tiny.flow(), tmp_path / "goal")
    (tmp_path / "link").symlink_to(tmp_path / "goal")
    for _ in range(2):
        pf.save(perturbed(tiny.flow()), tmp_path / "link", force=True)
    assert tiny.same(pf.load(tmp_path / "goal"), tiny.flow())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["goal", "link"]


@pytest.mark.parametrize("name", ["missing/m", "file/m", "x" * 300])
def test_where_no_model_can_be_put(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"is not a folder|File name too long"):
        pf.save(tiny.flow(), tmp_path / name)


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("when", range(1, 8))
def test_a_disk_that_fails_leaves_the_old_model(tmp_path, monkeypatch, step, when):
    folder, real, left = tmp_path / "m", getattr(os, step), when
    pf.save(tiny.flow(), folder)

    def failing(*args):
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(28, "No space left on device")
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, step, failing)
        try:
            pf.save(perturbed(tiny.flow()), folder, force=True)
        except DataError as error:
            told = str(error)
        else:
            told = None
    assert (told is None) == (left > 0)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert tiny.same(pf.load(folder), tiny.flow() if told else perturbed(tiny.flow()))


def test_flows_that_no_file_can_describe(tmp_path):
    with pytest.raises(ConfigurationError, match="not made by a recipe"):
        pf.save(pf.Flow(StudentT(2), []), tmp_path / "m")
    with pytest.raises(ConfigurationError, match="float32 or float64, not float16"):
        pf.save(tiny.flow().half(), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_recipe_of_ones_own(tmp_path):
    from pushforward.flows import assemble, recipe
    from pushforward.transforms import ActNorm

    @recipe
    def own(features: int, depth: int = 2) -> pf.Flow:
        return assemble(features, [ActNorm(features) for _ in range(depth)])

    try:
        assert_comes_back(perturbed(own(2)), tmp_path / "m")
    finally:
        del pf.flows.RECIPES["own"]
    with pytest.raises(pf.errors.ModelError, match=r"recipe 'own', which is unknown here"):
        pf.load(tmp_path / "m")


def test_figures_that_are_not_finite_survive(tmp_path):
    flow = tiny.flow()
    figures = {"a": math.inf, "b": [-math.inf, math.nan], "c": 0.1}
    record = FlowRecord(**flow.made_by)
    config = Config(versions={}, flow=record, figures=figures)
    write_model(tmp_path, flow, config, {}, "")
    read = read_model(tmp_path).config.figures
    assert (read["a"], read["b"][0], read["c"]) == (math.inf, -math.inf, 0.1)
    assert math.isnan(read["b"][1])
    assert json.loads((tmp_path / "config.json").read_text())["figures"]["a"] == math.inf


@pytest.mark.parametrize("odd", [False, True])
def test_no_cell_of_the_table_is_in_the_folder(tmp_path, odd):
    """Not even the median, which an offset is made of."""
    draw = np.random.default_rng(0)
    values = np.stack([draw.normal(size=60 + odd), 1e9 + draw.normal(size=60 + odd)], axis=1)
    model, _ = fit_table(NumericTable("t.csv", ["a", "b"], values), Request(epochs=1))
    assert model.table.columns[1].offset != 0
    model.write(tmp_path)
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for cell in values.ravel():
        for form in (repr(float(cell)).encode(), cell.tobytes(), np.float32(cell).tobytes()):
            assert form not in content


def test_large_numbers_keep_their_digits(tmp_path):
    draw = np.random.default_rng(0)
    values = np.stack([1.6e9 + draw.normal(size=300), draw.normal(size=300)], axis=1)
    model, _ = fit_table(NumericTable("t.csv", ["time", "x"], values), Request(epochs=2))
    plain, _ = fit_table(
        NumericTable("t.csv", ["time", "x"], values - [1.6e9, 0]), Request(epochs=2)
    )
    shifted = plain.log_prob(values - [1.6e9, 0])
    assert np.allclose(model.log_prob(values), shifted, rtol=0, atol=1e-2)
    model.write(tmp_path)
    loaded = load_table_model(tmp_path)
    assert np.array_equal(loaded.log_prob(values), model.log_prob(values))
    again = loaded.decode(loaded.encode(values))
    assert np.allclose(again, values, rtol=0, atol=1e-4)


BANNED_NAMES = {"eval", "exec", "compile", "__import__"}
BANNED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
BANNED_CALLS = {("torch", "load"), ("torch", "save"), ("pickle", "load"), ("numpy", "load")}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.stem)
def test_nothing_is_ever_unpickled_or_evaluated(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                assert not {alias.name.split(".")[0] for alias in names} & BANNED_MODULES
            case ast.ImportFrom(module=module, names=names):
                assert (module or "").split(".")[0] not in BANNED_MODULES
                assert module != "torch" or not {a.name for a in names} & {"load", "save"}
            case ast.Call(func=ast.Name(id=name)):
                assert name not in BANNED_NAMES
            case ast.Attribute(value=ast.Name(id=owner), attr=attr):
                owner = {"np": "numpy"}.get(owner, owner)
                assert (owner, attr) not in BANNED_CALLS
            case ast.keyword(arg="allow_pickle", value=value):
                assert isinstance(value, ast.Constant)
                assert value.value is False


def test_every_size_of_a_recipe_or_base_is_known_as_one():
    """A new argument that is a size must stand in `SIZES`, or a hostile file could blow it up."""
    import inspect

    from pushforward.storage.shapes import SIZES

    for call in (*pf.flows.RECIPES.values(), *(base.__init__ for base in BASES.values())):
        for name, parameter in inspect.signature(call).parameters.items():
            if parameter.annotation in ("int", "Sequence[int]"):
                assert name in SIZES
