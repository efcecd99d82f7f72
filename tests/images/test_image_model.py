"""Models of images: log P by known truths, samples, latents, and their folder."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import pushforward as pf
from pushforward.errors import ConfigurationError, DataError, ModelError, ShapeError
from pushforward.images import Images, read_images
from pushforward.images.between import between, linear, spherical
from pushforward.images.fitting import ImageRequest, build, fit_images
from pushforward.images.model import ImageModel, load_image_model
from pushforward.images.one import read_one
from pushforward.images.picture import grid, write_grid
from pushforward.storage import ImageRecord
from pushforward.storage.folder import FILES
from pushforward.tables.model import load_table_model
from pushforward.training import seeded

TINY = {"levels": 1, "steps": 1, "hidden": 4}


def untrained(
    shape=(1, 2, 2), levels: int = 2, classes: int = 0, recipe: str = "glow", **more: object
) -> ImageModel:
    """A flow that is N(0, I), turned, behind a logit: nothing is trained."""
    record = ImageRecord(shape=shape, levels=levels, classes=[str(k) for k in range(classes)])
    size = TINY if recipe == "glow" else {"levels": 1, "blocks": 1, "hidden": 4}
    flow = build(record, ImageRequest(recipe, arguments={**size, **more}))
    return ImageModel(flow.eval(), record)


def every(shape, levels: int) -> Images:
    """All images of that shape."""
    count = math.prod(shape)
    grids = np.indices((levels,) * count).reshape(count, -1).T.astype(np.uint8)
    return Images(grids.reshape(-1, *shape), "every", levels=levels)


@pytest.fixture(scope="module")
def digits() -> Images:
    return read_images("digits8", rows=80)


@pytest.fixture(scope="module")
def fitted(digits) -> ImageModel:
    settings = {"learning_rate": 0.05, "batch_size": 16}
    request = ImageRequest(epochs=5, arguments=TINY, training=settings, by_class=True)
    return fit_images(digits, request)[0]


def test_the_probabilities_of_all_images_add_up_to_what_lies_within():
    """Σ P = P(all four numbers within 0 and 2), for z ~ N(0, I): (2·Φ(logit 0.95) - 1)⁴.

    The mean over 1,000 draws of each of 16 images is within 5 standard errors: by chance once in
    a million seeds.
    """
    model, images = untrained(), every((1, 2, 2), 2)
    with seeded(0), torch.no_grad():
        x = torch.from_numpy(images.pixels).float().expand(1000, -1, -1, -1, -1)
        p = model.flow.log_prob(x).exp().double()
    inside = math.erf(math.log(0.95 / 0.05) / math.sqrt(2)) ** 4
    error = float((p.var(0) / len(p)).sum().sqrt())
    assert error < 0.01
    assert abs(float(p.mean(0).sum()) - inside) < 5 * error


def test_draws_are_the_log_of_a_mean(digits):
    model = untrained((1, 8, 8), 17)
    found = np.concatenate(list(model.log_prob(digits, draws=3, seed=5)))
    with seeded(5), torch.no_grad():
        x = torch.from_numpy(digits.pixels).float()
        one = torch.stack([model.flow.log_prob(x).double() for _ in range(3)])
    np.testing.assert_allclose(found, one.logsumexp(0).numpy() - math.log(3), rtol=1e-12)
    single = np.concatenate(list(model.log_prob(digits, seed=5)))
    np.testing.assert_allclose(single, one[0].numpy(), rtol=1e-12)
    assert found.mean() > single.mean()


def test_bits_are_eight_where_all_bytes_are_alike():
    model = untrained((3, 2, 2), 256)
    uniform = np.full(7, -12 * math.log(256))
    np.testing.assert_allclose(model.bits(uniform), 8, rtol=1e-12)
    judged = model.judged(uniform + math.log(2) * 12 * np.array([-1, 0, 0, 0, 0, 0, 1]), draws=4)
    assert judged.mean == pytest.approx(8)
    assert judged.median == pytest.approx(8)
    assert judged.error == pytest.approx(math.sqrt(2 / 6 / 7))
    assert judged.sentence().endswith("(bound, 4 draws an image), median 8.0000, on 7 images")


def test_one_image_has_no_standard_error_and_impossible_ones_infinite_bits():
    model = untrained()
    assert model.judged(np.array([-1.0])).error is None
    assert model.judged(np.array([-1.0, -math.inf, -2.0])).mean == math.inf


def test_a_cold_base_gives_the_middle_gray():
    model = untrained((1, 4, 4), 17)
    assert set(np.unique(model.sample(5, temperature=1e-4))) == {8}
    warm = model.sample(300, seed=1)
    assert warm.std() > model.sample(300, seed=1, temperature=0.5).std() > 1
    np.testing.assert_array_equal(warm[:300], model.sample(300, seed=1))


def test_a_temperature_of_one_is_the_flow_itself():
    model = untrained()
    assert model.tempered(1.0) is model.flow
    x = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    with seeded(0), torch.no_grad():
        near = model.tempered(1.0 + 1e-6).log_prob(x)
    with seeded(0), torch.no_grad():
        assert torch.allclose(near, model.flow.log_prob(x), atol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_temperatures_that_are_none(temperature):
    with pytest.raises(ConfigurationError, match="must be above 0"):
        untrained().sample(1, temperature=temperature)


def test_a_temperature_without_a_meaning():
    heavy = untrained(base="student_t")
    assert heavy.sample(2).shape == (2, 1, 2, 2)
    with pytest.raises(ConfigurationError, match="its base is not the standard normal"):
        heavy.sample(1, temperature=0.7)


@pytest.mark.parametrize("recipe", ["glow", "realnvp_image"])
@pytest.mark.parametrize(("shape", "levels"), [((1, 4, 4), 17), ((3, 2, 4), 256)])
def test_any_recipe_is_fitted_saved_and_the_same_again(recipe, shape, levels, tmp_path):
    pixels = np.random.default_rng(0).integers(0, levels, (40, *shape), dtype=np.uint8)
    images = Images(pixels, "made", levels=levels)
    size = TINY if recipe == "glow" else {"levels": 1, "blocks": 1, "hidden": 4}
    model, result = fit_images(images, ImageRequest(recipe, epochs=1, arguments=size, command="c"))
    assert result.stopped == "all epochs were run"
    assert model.record.heldout.images == 4
    model.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    again = load_image_model(tmp_path)
    assert again.record == model.record
    assert again.training == {**model.training, "settings": again.training["settings"]}
    assert again.training["command"] == "c"
    for one, other in zip(model.log_prob(images), again.log_prob(images), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.sample(3, 1), again.sample(3, 1))
    np.testing.assert_array_equal(again.decode(again.encode(images)), pixels)


def test_what_is_held_out_was_not_trained_on(digits, fitted):
    kept, aside = pf.training.split_index(80, 0.1, 0)
    assert (fitted.training["images"], fitted.training["heldout_images"]) == (72, 8)
    scores = np.concatenate(list(fitted.log_prob(digits.take(aside.numpy()))))
    assert fitted.record.heldout.mean == pytest.approx(fitted.judged(scores).mean)
    assert not set(kept.tolist()) & set(aside.tolist())


def test_the_class_matters(digits, fitted):
    assert fitted.record.classes == [str(k) for k in range(10)]
    told = np.concatenate(list(fitted.log_prob(digits)))
    wrong = replace(digits, labels=(digits.labels + 1) % 10)
    assert not np.array_equal(told, np.concatenate(list(fitted.log_prob(wrong))))
    three = fitted.sample(20, labels=np.full(20, 3))
    assert not np.array_equal(three, fitted.sample(20, labels=np.full(20, 4)))
    with pytest.raises(ShapeError, match="conditioned on one of 10 classes; give labels"):
        fitted.sample(4)
    with pytest.raises(ShapeError, match="from 0 to 9"):
        fitted.sample(1, labels=np.array([10]))
    with pytest.raises(ConfigurationError, match="no class 'three'; there are '0'"):
        fitted.label("three")


def test_images_that_do_not_fit(digits, fitted):
    plain = untrained((1, 8, 8), 17)
    small = Images(np.zeros((2, 1, 4, 4), np.uint8), "small")
    with pytest.raises(DataError, match=r"small: its images are gray of 4 x 4 .*8 x 8"):
        plain.encode(small)
    bright = Images(np.full((2, 1, 8, 8), 17, np.uint8), "bright")
    with pytest.raises(DataError, match=r"bright: its pixels have 256 values from 0.* 17"):
        list(plain.log_prob(bright))
    with pytest.raises(DataError, match=r"digits8 .*: its pixels have 17 values .* model's 256"):
        list(untrained((1, 8, 8), 256).log_prob(digits))
    with pytest.raises(DataError, match="it has no labels, and the model is conditioned"):
        list(fitted.log_prob(replace(digits, labels=None)))
    dark = Images(np.full((2, 1, 8, 8), 16, np.uint8), "dark")  # as an array says nothing of levels
    assert np.isfinite(np.concatenate(list(plain.log_prob(dark)))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"recipe": "nsf"}, "no flow of images called 'nsf'; there are glow, realnvp_image"),
        ({"recipe": "nix"}, "no flow called 'nix'"),
        ({"arguments": {"values": 3}}, "values is told by the images"),
        ({"arguments": {"depth": 3}}, "glow has no argument called 'depth'; there are levels"),
        ({"arguments": {"dequantize": "none"}}, "a density of real numbers"),
        ({"arguments": {"levels": 9}}, "halves the sides 9 times"),
    ],
)
def test_requests_that_cannot_be(arguments, message):
    record = ImageRecord(shape=(1, 8, 8), levels=17)
    with pytest.raises(ConfigurationError, match=message):
        build(record, ImageRequest(**arguments))


def test_labels_that_are_missing():
    images = Images(np.zeros((30, 1, 4, 4), np.uint8), "bare")
    with pytest.raises(DataError, match="bare: it has no labels"):
        fit_images(images, ImageRequest(epochs=1, arguments=TINY, by_class=True))


def test_folders_of_other_models(fitted, tmp_path):
    pf.save(pf.flows.maf(2, layers=1, hidden=(4,)), tmp_path / "flow")
    with pytest.raises(ModelError, match="was saved without a word on images, not of images"):
        load_image_model(tmp_path / "flow")
    (tmp_path / "images").mkdir()
    fitted.write(tmp_path / "images")
    with pytest.raises(ModelError, match="is a model of images, not of a table"):
        load_table_model(tmp_path / "images")
    other = replace(fitted, record=fitted.record.model_copy(update={"shape": (1, 4, 4)}))
    (tmp_path / "other").mkdir()
    other.write(tmp_path / "other")
    with pytest.raises(ModelError, match=r"its flow is of shape \(1, 8, 8\)"):
        load_image_model(tmp_path / "other")


def test_a_way_between_two_images_begins_and_ends_with_them(fitted):
    one, other = (read_one(f"digits8:test:{k}") for k in (0, 3))
    found = between(fitted, one, other, 5)
    assert found.changed == (0, 0)
    np.testing.assert_array_equal(found.pixels[[0, 4]], np.concatenate([one.pixels, other.pixels]))
    straight = between(fitted, one, other, 5, "linear")
    assert not np.array_equal(found.pixels[2], straight.pixels[2])
    with pytest.raises(ConfigurationError, match="at least 2"):
        between(fitted, one, other, 1)


def test_ways():
    """The spherical way turns evenly and keeps equal lengths; the straight one is shortest."""
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 3.0, 0.0])
    t = torch.linspace(0, 1, 7)
    way = spherical(a, b, t)
    assert torch.allclose(way.norm(dim=1), torch.full((7,), 3.0), atol=1e-6)
    assert torch.allclose(torch.atan2(way[:, 1], way[:, 0]), t * math.pi / 2, atol=1e-5)
    assert torch.allclose(linear(a, b, t).sum(1), torch.full((7,), 3.0))
    assert torch.allclose(spherical(a, 2 * a, t), linear(a, 2 * a, t))
    assert spherical(a, torch.zeros(3), t).isfinite().all()


def test_a_grid_shows_each_value_in_its_place(tmp_path):
    pixels = np.array([0, 1, 16, 8], np.uint8).reshape(4, 1, 1, 1)
    sheet = grid(pixels, levels=17, columns=2)
    assert sheet.shape == (2 * 58 + 2, 2 * 58 + 2)
    assert [int(sheet[y, x]) for y in (30, 90) for x in (30, 90)] == [0, 16, 255, 128]
    assert int(sheet[0, 0]) == 128
    with pytest.raises(DataError, match=r"pictures are written as \.png"):
        write_grid(pixels, tmp_path / "a.jpg")
    with pytest.raises(ShapeError, match="A grid takes images"):
        grid(np.zeros((2, 2), np.uint8))


def test_one_image(tmp_path):
    write_grid(np.full((1, 1, 8, 8), 255, np.uint8), tmp_path / "a.png")
    one = read_one(str(tmp_path / "a.png"), levels=17)
    assert (one.levels, one.pixels.max(), one.pixels[0, 0, 0, 0]) == (17, 16, 8)
    for reference in ("digits8:valid:3", "digits8:test:-1", "digits8", "digits8:test"):
        with pytest.raises(DataError, match="is no image; give a PNG or JPEG file"):
            read_one(reference)
    with pytest.raises(DataError, match="297 images, from 0 to 296"):
        read_one("digits8:test:297")
    with pytest.raises(DataError, match="there is no such file"):
        read_one(str(tmp_path / "b.png"))
