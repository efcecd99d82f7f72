"""Fits of images that go on from a model."""

from __future__ import annotations

import pytest

from pushforward.errors import ConfigurationError
from pushforward.images import read_images
from pushforward.images.fitting import ImageRequest, fit_images
from pushforward.images.model import load_image_model

SMALL = {"width": 4, "blocks": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of 200 digits, an epoch old, and its folder."""
    images = read_images("digits8", rows=200)
    request = ImageRequest("pixels", epochs=1, arguments=SMALL, command="one")
    fitted, _ = fit_images(images, request)
    folder = tmp_path_factory.mktemp("models") / "before"
    folder.mkdir()
    fitted.write(folder)
    return folder, images


def test_a_fit_goes_on_from_the_weights_of_a_model(model):
    folder, images = model
    request = ImageRequest(epochs=1, start=folder, command="two")
    further, result = fit_images(images, request)
    before = -result.history[0]["validation"]["nll"]
    assert further.flow.made_by["arguments"]["width"] == 4
    assert further.training["command"] == "one; then two"
    earlier = load_image_model(folder).training["seconds"]
    assert further.training["seconds"] == round(earlier + round(result.seconds, 1), 1)
    fresh = ImageRequest("pixels", epochs=1, arguments=SMALL, seed=0)
    assert before > -fit_images(images, fresh)[1].history[0]["validation"]["nll"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ImageRequest("glow", epochs=1), "is a pixels whose sizes are set"),
        (ImageRequest(epochs=1, arguments={"width": 8}), "leave out --flow and --set"),
        (ImageRequest(epochs=1, by_class=True), "the images are .* given one of 10 classes"),
    ],
)
def test_what_cannot_go_on_is_refused(model, request_, said):
    folder, images = model
    object.__setattr__(request_, "start", folder)
    with pytest.raises(ConfigurationError, match=said):
        fit_images(images, request_)
