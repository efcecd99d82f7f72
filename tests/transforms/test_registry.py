"""Nothing that is exported escapes the generic tests."""

from __future__ import annotations

import inspect

import pytest

from pushforward import flows, transforms, univariate
from pushforward.flows import RECIPES, vector_recipes
from pushforward.transforms import Transform
from pushforward.transforms.image.registry import CELLS, IMAGES, NOISES
from pushforward.transforms.registry import ENTRIES, MAPS
from pushforward.univariate import Univariate
from specimens import AUTOENCODERS, FLOWS, IMAGE_FLOWS, TYPED, WHOLE


def concrete(module: object, base: type) -> set[type]:
    """The classes that a module exports, can be instantiated, and are of that kind."""
    exported = [getattr(module, name) for name in module.__all__]
    return {
        c
        for c in exported
        if inspect.isclass(c) and issubclass(c, base) and not inspect.isabstract(c)
    }


def test_every_exported_transform_is_in_the_registry() -> None:
    made = {type(entry.make(2, 0)) for entry in ENTRIES}
    assert concrete(transforms, Transform) - made == set()
    made = {type(entry.make(0, 0)) for entry in IMAGES} | {type(n(0)) for n in NOISES.values()}
    made |= {type(make((1, 2, 2), 2, 0)) for make in CELLS.values()}
    assert concrete(transforms.image, Transform) - made == set()


def test_every_exported_univariate_map_is_in_the_registry() -> None:
    assert concrete(univariate, Univariate) == {type(m) for m in MAPS.values()}


def test_every_recipe_is_measured() -> None:
    exported = {name for name in flows.__all__ if name in RECIPES}
    assert exported == set(RECIPES) - AUTOENCODERS
    assert {flow.name for flow in FLOWS} == set(vector_recipes()) - TYPED
    assert {name for name, _ in IMAGE_FLOWS} == exported - set(vector_recipes()) - WHOLE


def test_names_are_unique() -> None:
    names = [entry.name for entry in (*ENTRIES, *IMAGES)]
    assert len(names) == len(set(names))


def test_a_transform_that_nobody_registered_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgotten(transforms.Exp):
        pass

    monkeypatch.setattr(transforms, "Forgotten", Forgotten, raising=False)
    monkeypatch.setattr(transforms, "__all__", [*transforms.__all__, "Forgotten"])
    with pytest.raises(AssertionError):
        test_every_exported_transform_is_in_the_registry()
