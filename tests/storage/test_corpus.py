"""Models written by earlier versions load, and score their rows as they did."""

import json

import pytest
import torch

import pushforward as pf
from corpus.kinds import kinds
from corpus.make import HERE, SCORES, scores

NAMES = sorted(folder.name for folder in HERE.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_it_scores_as_when_it_was_written(name):
    flow = pf.load(HERE / name)
    kept = json.loads((HERE / name / SCORES).read_text())
    x = torch.tensor(kept["rows"], dtype=flow.dtype)
    given = kept["context"]
    context = None if given is None else torch.tensor(given, dtype=flow.dtype)
    found = scores(flow, x, context)
    expected = torch.tensor(kept["scores"], dtype=flow.dtype)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=2e-6)


def test_every_recipe_is_there():
    assert set(NAMES) >= kinds().keys()
    assert sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file()) < 1_500_000
