"""Models of images beside one another: the figures behind the page, and the page."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pushforward.images import Images, read_images
from pushforward.images.fitting import ImageRequest, build
from pushforward.images.model import ImageModel
from pushforward.report.images.compare import compare
from pushforward.report.images.measured import NOISE, measure, nearest, round_trip, uniform_noise
from pushforward.report.images.pictures import _ticks
from pushforward.storage import ImageRecord
from pushforward.transforms.image.dequantize import Dequantize

RECORD = ImageRecord(shape=(1, 8, 8), levels=17)


@pytest.fixture(scope="module")
def model() -> ImageModel:
    """A flow that is not trained."""
    tiny = ImageRequest(arguments={"levels": 1, "steps": 1, "hidden": 4})
    return ImageModel(build(RECORD, tiny).eval(), RECORD)


@pytest.fixture(scope="module")
def test() -> Images:
    return read_images("digits8", "test", rows=30)


def test_the_nearest_are_those_of_all_distances():
    draw = np.random.default_rng(0)
    among = draw.integers(0, 256, (5000, 3, 2, 2), dtype=np.uint8)
    images = draw.integers(0, 256, (20, 3, 2, 2), dtype=np.uint8)
    apart = (among.astype(float) - images[:, None].astype(float)) ** 2
    assert np.array_equal(nearest(images, among), apart.sum((2, 3, 4)).argmin(1))
    assert nearest(among[[4999, 7]], among).tolist() == [4999, 7]


def test_noise_has_every_value(test):
    noise = uniform_noise(test)
    assert (noise.shape, noise.levels, len(noise)) == (test.shape, 17, 30)
    counts = np.bincount(noise.pixels.ravel(), minlength=17)
    expected = noise.pixels.size / 17
    assert ((counts - expected) ** 2 / expected).sum() < 45  # χ² of 16: 1.4e-4 by chance


def test_a_layer_that_errs_is_seen_before_the_rounding(model, test, monkeypatch):
    exact = round_trip(model, test)
    assert exact.real
    assert exact.median <= exact.largest < 1e-3
    decode = type(model.flow).decode
    monkeypatch.setattr(type(model.flow), "decode", lambda *a: decode(*a) + 0.25)
    off = round_trip(model, test)
    assert off.median == pytest.approx(0.25, abs=1e-3)


def test_measured(model, test):
    train = read_images("digits8")
    black = replace(test, pixels=np.zeros_like(test.pixels), source="black")
    found = measure("one", model, test, train, {"black": black})
    scores = np.concatenate(list(model.log_prob(test)))
    assert found.bits == model.judged(scores)
    assert list(found.per_image) == [test.source, NOISE, "black"]
    assert found.parameters == sum(p.numel() for p in model.flow.parameters())
    # A turned N(0, I) behind the logit: the middle gray is likeliest, black the least of all.
    assert found.likelier["black"] == 0
    assert found.likelier[NOISE] == 1
    closest = found.nearest.astype(float) - found.samples.astype(float)
    any_other = train.pixels[:36].astype(float) - found.samples.astype(float)
    assert ((closest**2).sum((1, 2, 3)) <= (any_other**2).sum((1, 2, 3))).all()
    assert found.seconds is None
    assert min(found.scored, found.sampled) > 0


def test_a_page_says_what_it_shows(model, test):
    found = measure("<b>one</b>", model, test, test)
    page = compare([found, replace(found, name="two")], "digits8 (test)", "digits8 (train)")
    assert "<b>one</b>" not in page
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    for words in (
        *("Nalisnick et al. 2019", "bound, 1 draw", "nearest training image", f"{NOISE}, 100%"),
        *("before they are rounded down", f"{found.bits.mean:.4f}", "2 models on 30 images"),
    ):
        assert words in page
    assert page.count("<img ") == 6
    assert "src=" in page
    assert 'src="http' not in page
    impossible = replace(found, per_image={**found.per_image, "never": np.full(3, np.inf)})
    impossible.likelier["never"] = 0.0
    assert "never" in compare([impossible], "a", "b")


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.1), (2.8, 9.0), (2.0, 500.0), (7.99, 8.02)])
def test_ticks_are_few_and_within(low, high):
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 10
    assert low <= min(ticks) < max(ticks) <= high
    assert all(math.isclose(t, float(f"{t:.4g}")) for t in ticks)


def test_the_noise_of_a_flow_is_its_last_layer(model):
    assert isinstance(list(model.flow.transform)[-1], Dequantize)
