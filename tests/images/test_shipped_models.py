"""The models that come with the package: whole, small, and saying how they were made."""

from __future__ import annotations

import pytest
import torch

import pushforward as pf
from pushforward.errors import ModelError
from pushforward.images.model import load_image_model
from pushforward.storage.shipped import SHIPPED, shipped


def test_they_are_small_together():
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*.*")) <= 8 * 10**6


@pytest.mark.parametrize("name", shipped())
def test_each_says_how_it_was_made_and_how_good_it_is(name):
    model = load_image_model(name)
    assert model.record.shape == (1, 28, 28)
    assert model.record.heldout.images == 6000
    assert model.record.heldout.kind == model.flow.kind
    assert f"pushforward fit mnist -o {name}" in model.training["command"]
    assert model.training["seed"] == 0
    assert (SHIPPED / name / "history.jsonl").exists()


@pytest.mark.parametrize("name", shipped())
def test_each_draws_digits_that_it_finds_likely(name):
    """Ink is where digits have it, and its own samples score like digits, not like noise."""
    model = load_image_model(name)
    x = torch.from_numpy(model.sample(4, seed=1)).float()
    ink = (x > 128).float()
    assert 0.03 < ink.mean() < 0.3
    assert ink[..., :2, :].mean() < 0.02  # the upper edge is empty
    with torch.no_grad():
        own = model.flow.log_prob(x).mean()
        noise = model.flow.log_prob(torch.randint(256, (4, 1, 28, 28)).float()).mean()
    stated = -model.record.heldout.mean * 784 * torch.log(torch.tensor(2.0))
    assert own > 2 * stated
    assert own > noise


def test_they_are_found_by_name_where_no_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = shipped()[0]
    assert pf.load(name).event_shape == (1, 28, 28)
    (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match="is not a whole model"):
        pf.load(name)
    with pytest.raises(ModelError, match=f"come with the package: .*{name}"):
        pf.load("mnist-nothing")
