"""The campaigns against files, a handful of times."""

import pytest

from faults.attacks import ATTACKS
from faults.campaigns import damage, hostile


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "manifest.json"])
def test_damage_is_detected_or_harmless(name):
    found = damage.of_model(name, bits=(0,), every=37)
    assert not found.keys() - {"detected", "harmless"}
    assert found["detected"] > 5


def test_nothing_in_a_card_matters():
    assert damage.of_model("README.md", bits=(0,), every=37).keys() == {"harmless"}


def test_damage_to_a_checkpoint():
    found = damage.of_checkpoint(bits=(0,), every=97)
    assert damage.line("it", found).kept
    assert found["detected"] > 5


def test_the_page_says_what_was_missed():
    line = damage.line("it", damage.Counter(detected=3, missed=1))
    assert line.kept is False
    assert line.figure == "3 detected, 1 missed"


QUICK = [name for name in ATTACKS if "gzip" not in name]


@pytest.fixture(scope="module", autouse=True)
def loaded():
    hostile.warm()


@pytest.mark.parametrize("name", QUICK)
def test_hostile_files_are_refused_and_nothing_runs(name):
    came = hostile.tried(name)
    assert hostile.line(name, came).kept, came


def test_the_watch_sees():
    from faults.watch import watched

    with watched() as seen:
        exec("1 + 1")
    assert any(event.startswith("exec") for event in seen)
