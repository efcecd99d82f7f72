"""The commands on images: fit, score, sample, interpolate, compare, info; and what they refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pushforward as pf
from formats import png
from pushforward.cli.app import run
from pushforward.images import read_images
from pushforward.images.model import load_image_model
from pushforward.tables import read_numeric
from pushforward.training.checkpoint import read_history

SMALL = ("--set", "levels=1", "--set", "steps=1", "--set", "hidden=4")
QUICK = ("--epochs", 1, "--limit", 60, *SMALL)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder with a model of digits, and one of digits given their class."""
    folder = tmp_path_factory.mktemp("models")
    for name, more in (("plain", ()), ("given", ("--class-conditional",))):
        call = ("fit", "digits8", "-o", folder / name, *QUICK, *more)
        assert run([str(part) for part in call]) == 0
    return folder


def test_fit_says_the_bits_and_makes_a_model(pushforward, tmp_path):
    model = tmp_path / "m"
    options = ("--flow", "realnvp_image", "--set", "levels=1", "--set", "blocks=1")
    call = ("fit", "digits8", "-o", model, "--epochs", 2, "--limit", 50, "--set", "hidden=4")
    told = ("--batch-size", 16, "--learning-rate", 0.01, "--seed", 3, "--precision", "bf16")
    code, out, err = pushforward(*call, *options, *told)
    assert code == 0
    fitted = load_image_model(model)
    assert out == f"held out: {fitted.record.heldout.sentence()}\n"
    assert "(bound, 1 draw an image)" in out
    assert f"The model is in {model}." in err
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert [entry["epoch"] for entry in read_history(model)] == [1, 2]
    training = fitted.training
    assert training["command"].startswith("pushforward fit digits8 -o ")
    assert (training["images"], training["heldout_images"], training["seed"]) == (45, 5, 3)
    settings = training["settings"]
    assert (settings["batch_size"], settings["learning_rate"]) == (16, 0.01)
    assert settings["precision"] == "bf16"
    assert fitted.flow.made_by["recipe"] == "realnvp_image"
    assert training["command"] in (model / "README.md").read_text()


def test_a_fit_for_some_time_of_an_array_of_colours(pushforward, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    np.save(tmp_path / "c.npy", pixels)
    call = ("fit", tmp_path / "c.npy", "-o", tmp_path / "m", "--time-budget", "0.2s", *SMALL)
    assert pushforward(*call).code == 0
    assert load_image_model(tmp_path / "m").record.shape == (3, 4, 4)
    call = ("sample", tmp_path / "m", "-n", 2, "-o", tmp_path / "s.npy")
    assert pushforward(*call).code == 0
    assert np.load(tmp_path / "s.npy").shape == (2, 3, 4, 4)


def test_a_fit_of_a_folder_of_classes(pushforward, tmp_path):
    for name, gray in (("dark", 20), ("bright", 200)):
        (tmp_path / "f" / name).mkdir(parents=True)
        for k in range(12):
            Image.new("L", (4, 4), gray + k).save(tmp_path / "f" / name / f"{k}.png")
    model = tmp_path / "m"
    call = ("fit", tmp_path / "f", "-o", model, "--epochs", 1, "--class-conditional", *SMALL)
    assert pushforward(*call).code == 0
    assert load_image_model(model).record.classes == ["bright", "dark"]
    out = pushforward("info", model).out
    assert "images: gray images of 4 x 4 (height, width), 256 values a pixel" in out
    assert "classes: bright, dark" in out
    assert "held out: " in out
    call = ("sample", model, "-n", 3, "--class", "dark", "--grid", tmp_path / "s.png")
    assert pushforward(*call).code == 0


def test_a_fit_goes_on_where_it_was_stopped(pushforward, tmp_path, monkeypatch):
    from pushforward.training.loop import Loop

    call = ("fit", "digits8", "--epochs", 3, "--limit", 40, *SMALL)
    assert pushforward(*call, "-o", tmp_path / "whole").code == 0
    epoch = Loop._epoch

    def stops(self):
        if self.state.counters.epoch == 2:
            raise KeyboardInterrupt
        epoch(self)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_epoch", stops)
        assert pushforward(*call, "-o", tmp_path / "m").code != 0
    assert (tmp_path / "m.partial" / "checkpoint.safetensors").exists()
    assert pushforward(*call, "-o", tmp_path / "m", "--resume").code == 0
    one, two = (tmp_path / name / "model.safetensors" for name in ("whole", "m"))
    assert one.read_bytes() == two.read_bytes()


def test_score(pushforward, models, tmp_path):
    scores = tmp_path / "s.csv"
    code, out, err = pushforward("score", models / "plain", "digits8", "-o", scores)
    assert (code, err) == (0, "")
    fitted, images = load_image_model(models / "plain"), read_images("digits8", "test")
    log_prob = np.concatenate(list(fitted.log_prob(images)))
    assert out == f"digits8 (test): {fitted.judged(log_prob).sentence()}\n"
    table = read_numeric(scores)
    assert table.names == ["image", "label", "log_prob", "bits_per_dim"]
    assert np.array_equal(table.values[:, 1], images.labels)
    np.testing.assert_allclose(table.values[:, 2], log_prob)
    np.testing.assert_allclose(table.values[:, 3], -log_prob / np.log(2) / 64)


def test_score_of_a_part_by_more_draws(pushforward, models):
    call = ("score", models / "given", "digits8", "--part", "train", "--limit", 30)
    one = pushforward(*call).out
    many = pushforward(*call, "--draws", 8).out
    assert one.startswith("digits8 (train): ")
    assert one.endswith(" on 30 images\n")
    assert "(bound, 8 draws an image)" in many
    assert float(many.split()[2]) < float(one.split()[2])


def test_scores_on_standard_output(pushforward, models):
    code, out, err = pushforward("score", models / "plain", "digits8", "--limit", 3, "-o", "-")
    assert code == 0
    assert [line.count(",") for line in out.splitlines()] == [3] * 4
    assert err.startswith("digits8 (test): ")


def test_samples(pushforward, models, tmp_path):
    array, picture = tmp_path / "s.npy", tmp_path / "s.png"
    call = ("sample", models / "plain", "-n", 5, "-o", array, "--grid", picture, "--seed", 4)
    assert pushforward(*call) == (0, "", "")
    assert np.array_equal(np.load(array), load_image_model(models / "plain").sample(5, 4))
    with Image.open(picture) as opened:
        assert opened.size == (3 * 58 + 2, 2 * 58 + 2)
    call = ("sample", models / "given", "-n", 12, "--grid", picture, "--force")
    code, _, err = pushforward(*call, "--temperature", 0.5)
    assert code == 0
    assert err == "The 10 classes follow one another, again and again.\n"
    with Image.open(picture) as opened:
        assert opened.size == (10 * 58 + 2, 2 * 58 + 2)


def test_interpolate(pushforward, models, tmp_path):
    picture = tmp_path / "i.png"
    ends = ("digits8:test:0", "digits8:train:7")
    code, out, err = pushforward("interpolate", models / "given", *ends, "--grid", picture)
    assert (code, out) == (0, "")
    assert "8 images on the spherical way" in err
    assert "both ends come back exactly" in err
    with Image.open(picture) as opened:
        assert opened.size == (8 * 58 + 2, 60)


def test_compare(pushforward, models, tmp_path):
    out = tmp_path / "c"
    call = ("compare", models / "plain", models / "given", "--images", "digits8", "--limit", 20)
    code, said, err = pushforward(*call, "--other", "digits8", "-o", out)
    assert code == 0
    assert "bits/dim" in said
    assert f"The page is {out / 'index.html'}." in err
    files = {"index.html", "compare.json", "samples-1-plain.png", "samples-2-given.png"}
    assert {path.name for path in out.iterdir()} == files
    page = (out / "index.html").read_text()
    for words in ("Nalisnick et al. 2019", "bound, 1 draw", "uniform noise", "plain"):
        assert words in page
    assert "<script" not in page
    assert "http:" not in page.replace("http-equiv", "")
    plain = json.loads((out / "compare.json").read_text())[0]
    assert plain["bits_per_dim"]["images"] == 20
    assert plain["round_trip"]["real"] is True
    assert 0 <= plain["round_trip"]["median"] <= plain["round_trip"]["largest"] < 0.01
    assert plain["likelier_than_the_median_test_image"]["uniform noise"] == 0
    single = tmp_path / "c.html"
    assert pushforward(*call[:2], *call[3:], "-o", single).code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["c.html"]


def bad_npy(path: Path, array: np.ndarray) -> Path:
    np.save(path, array, allow_pickle=True)
    return path


def folder_of(path: Path, *images: Image.Image) -> Path:
    path.mkdir()
    for k, image in enumerate(images):
        image.save(path / f"{k}.png")
    return path


def cut(path: Path) -> Path:
    folder_of(path, Image.new("L", (8, 8)))
    file = path / "0.png"
    file.write_bytes(file.read_bytes()[:-20])
    return path


def bomb(path: Path) -> Path:
    path.mkdir()
    (path / "0.png").write_bytes(png(60_000, 60_000))
    return path


BAD = {
    "objects": (
        lambda p: bad_npy(p / "x.npy", np.array([[[None]]])),
        r"x\.npy: it holds Python objects, which are never unpickled",
    ),
    "too bright": (
        lambda p: bad_npy(p / "x.npy", np.full((3, 8, 8), 1.5)),
        r"x\.npy: image 0 .* holds 1\.5; floats must lie from 0 to 1",
    ),
    "alpha": (lambda p: folder_of(p / "f", Image.new("RGBA", (8, 8))), r"0\.png: .* alpha channel"),
    "mixed": (
        lambda p: folder_of(p / "f", Image.new("L", (8, 8)), Image.new("L", (8, 9))),
        r"1\.png: it is gray of 9 x 8 .*, but '0\.png' is gray of 8 x 8",
    ),
    "damaged": (lambda p: cut(p / "f"), r"0\.png: it cannot be read"),
    "bomb": (lambda p: bomb(p / "f"), r"0\.png: it has more than the .* pixels allowed"),
    "table": (lambda p: bad_npy(p / "x.npy", np.zeros((3, 8))), r"x\.npy: its shape is \(3, 8\)"),
    "one": (
        lambda p: folder_of(p / "f", Image.new("L", (8, 8))) / "0.png",
        r"0\.png: it is one image; give the folder that holds it and others",
    ),
}


@pytest.mark.parametrize("command", ["fit", "score", "compare"])
@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_images(refused, models, tmp_path, command, make, message):
    data = make(tmp_path)
    there = {path.name for path in tmp_path.iterdir()}
    call = {
        "fit": ("fit", data, "-o", tmp_path / "m", *SMALL, "--epochs", 1),
        "score": ("score", models / "plain", data, "-o", tmp_path / "s.csv"),
        "compare": ("compare", models / "plain", "--images", data, "-o", tmp_path / "c.html"),
    }
    refused(message, *call[command])
    assert {path.name for path in tmp_path.iterdir()} == there


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--flow", "nsf"), "no flow of images called 'nsf'; there are .*glow"),
        (("--columns", "a"), "--columns is for a table, but digits8 is images"),
        (("--context", "a"), "--context is for a table"),
        (("--schema", "s"), "--schema is for a table"),
        (("--strict",), "--strict is for a table"),
        (("--scaler", "whiten"), "--scaler is for a table"),
        (("--set", "hidden"), "--set takes NAME=VALUE, such as layers=8, but was given 'hidden'"),
        (("--set", "a=1", "--set", "a=2"), "--set gives 'a' twice"),
        (("--set", "depth=2"), "glow has no argument called 'depth'"),
        (("--set", "hidden=big"), "hidden must be a whole number of at least 1, but is 'big'"),
        (("--limit", "2000"), "digits8 has 1,500 images to train; 2,000 were asked for"),
        (("--batch-size", "0"), "batch_size must be a whole number of at least 1"),
        (("--learning-rate", "-1"), "learning_rate must be positive"),
    ],
)
def test_options_without_a_meaning_for_images(refused, tmp_path, options, message):
    refused(message, "fit", "digits8", "-o", tmp_path / "m", "--epochs", 1, *options)
    assert list(tmp_path.iterdir()) == []


def test_images_and_tables_are_told_apart(refused, models, table, plain, tmp_path):
    out, picture = tmp_path / "o.csv", tmp_path / "o.png"
    one = "is a model of images, not of a table; score, sample, interpolate and compare take it"
    for command in ("encode", "decode", "impute"):
        refused(one, command, models / "plain", table, "-o", out)
    refused(one, "check", models / "plain")
    refused(one, "report", models / "plain", "-o", tmp_path / "o.html")
    refused("t.csv: it holds no images|tables", "score", models / "plain", table)
    refused("digits8 is a set of images, not a table", "score", plain, "digits8", "-o", out)
    refused("Give -o OUT", "score", plain, table)
    refused("Give -o OUT", "sample", plain, "-n", 3)
    refused("--draws is for images, but .* is a table", "score", plain, table, "--draws", 2)
    refused("--blame is for a table", "score", models / "plain", "digits8", "--blame")
    refused("--grid is for images", "sample", plain, "-n", 3, "--grid", picture)
    refused("--given is for a table", "sample", models / "plain", "-n", 3, "--given", "a=1")
    refused("is a model of a table, not of images", "compare", plain, "--images", "digits8")
    ends = ("digits8:test:0", "digits8:test:1", "--grid", picture)
    refused("is a model of a table, not of images", "interpolate", plain, *ends)
    refused("--limit is for images", "fit", table, "-o", tmp_path / "m", "--limit", 5)
    assert list(tmp_path.iterdir()) == []


def test_samples_that_cannot_be(refused, models, tmp_path):
    few = ("sample", models / "plain", "-n", 3)
    refused("Give -o OUT.npy for the images as an array, --grid OUT.png", *few)
    refused(r"o\.csv: images are written as \.npy", *few, "-o", tmp_path / "o.csv")
    refused(r"o\.jpg: pictures are written as \.png", *few, "--grid", tmp_path / "o.jpg")
    to = ("-o", tmp_path / "o.npy")
    for temperature in (0, 1e300, "inf"):
        hot = ("--temperature", temperature)
        refused("The temperature must be above 0 and at most 1000", *few, *to, *hot)
    refused("not conditioned on classes", *few, *to, "--class", 3)
    given = ("sample", models / "given", "-n", 3, *to)
    refused("no class '12'", *given, "--class", 12)
    assert list(tmp_path.iterdir()) == []


def test_comparisons_that_cannot_be(refused, models, tmp_path):
    small, one = tmp_path / "small.npy", tmp_path / "one.npy"
    np.save(small, np.zeros((4, 5, 5), np.uint8))
    np.save(one, np.zeros((1, 8, 8), np.uint8))
    both = ("compare", models / "plain", models / "given", "--images")
    page = ("-o", tmp_path / "c.html")
    refused("plain is not for these images: .*5 x 5", *both, small, *page)
    refused("given is not for these images: .*no labels", *both, "digits8", "--other", one, *page)
    refused(r"c\.pdf: the page is a \.html file", *both, "digits8", "-o", tmp_path / "c.pdf")
    refused("2 images or more, and there is 1", "fit", one, "-o", tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npy", "small.npy"]


def test_ways_that_cannot_be(refused, models, tmp_path):
    to = ("--grid", tmp_path / "o.png")
    way = ("interpolate", models / "plain", "digits8:test:0")
    refused("297 images, from 0 to 296", *way, "digits8:test:300", *to)
    refused("'nix' is no image", *way, "nix", *to)
    Image.new("L", (9, 9)).save(tmp_path / "nine.png")
    refused("gray of 9 x 9 .* model is of gray images of 8 x 8", *way, tmp_path / "nine.png", *to)
    assert [path.name for path in tmp_path.iterdir()] == ["nine.png"]


def test_a_heavy_tailed_base_has_no_temperature(pushforward, refused, tmp_path):
    call = ("fit", "digits8", "-o", tmp_path / "m", *QUICK, "--set", "base=student_t")
    assert pushforward(*call).code == 0
    few = ("sample", tmp_path / "m", "-n", 3, "-o", tmp_path / "o.npy", "--temperature", 0.7)
    refused("temperature has no meaning for this model: its base is not the standard", *few)


def test_a_damaged_model_of_images(refused, models, tmp_path):
    model = Path(shutil.copytree(models / "plain", tmp_path / "m"))
    data = bytearray((model / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (model / "model.safetensors").write_bytes(data)
    message = r"model\.safetensors was altered or damaged"
    refused(message, "score", model, "digits8")
    refused(message, "sample", model, "-n", 1, "-o", tmp_path / "o.npy")
    refused(message, "info", model)
    assert pf.storage.read_config(models / "plain").images.levels == 17


def test_settings_of_one_flow_of_a_table(pushforward, refused, table, tmp_path):
    options = ("--flow", "maf", "--epochs", 1, "--no-baselines", "--batch-size", 16)
    size = ("--set", "layers=1", "--set", "hidden=4,4")
    assert pushforward("fit", table, "-o", tmp_path / "m", *options, *size).code == 0
    config = pf.storage.read_config(tmp_path / "m")
    assert config.flow.arguments["hidden"] == [4, 4]
    assert config.training["settings"]["batch_size"] == 16
    message = "layers: settings of one flow; name it with --flow"
    refused(message, "fit", table, "-o", tmp_path / "n", "--set", "layers=1")
