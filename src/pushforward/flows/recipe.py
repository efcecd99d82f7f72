"""What makes a function a recipe: it is registered by name and its flows remember how they came."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal, ParamSpec

from pushforward.arguments import bound
from pushforward.distributions import Distribution, build_base
from pushforward.errors import ConfigurationError, ModelError
from pushforward.flow import Flow
from pushforward.nets import ContextScaler
from pushforward.transforms import Transform, scalers

Base = str | dict[str, Any] | Distribution
Scaler = Literal["standardize", "whiten", "none"]
P = ParamSpec("P")

RECIPES: dict[str, Callable[..., Flow]] = {}


def recipe(function: Callable[P, Flow]) -> Callable[P, Flow]:
    """Register a function that returns a Flow, so that models made by it can be saved and loaded.

    Its arguments must be plain values (numbers, text, lists) or bases of this package.

    Example:
        >>> @recipe
        ... def shifted(features: int) -> Flow:
        ...     return assemble(features, [])
        >>> shifted(3).made_by["arguments"]
        {'features': 3}
        >>> del RECIPES["shifted"]
    """

    @functools.wraps(function)
    def build(*args: P.args, **kwargs: P.kwargs) -> Flow:
        arguments = bound(function, *args, **kwargs)
        refuse_senseless(function, arguments)
        flow = function(*args, **kwargs)
        flow.made_by = {"recipe": function.__name__, "arguments": arguments}
        return flow

    RECIPES[function.__name__] = build
    return build


def rebuild(made_by: dict[str, Any]) -> Flow:
    """The flow that a record of a recipe and its arguments describes, with fresh parameters.

    Raises:
        ModelError: the recipe is unknown here, or does not take these arguments.

    Example:
        >>> from pushforward.flows import maf
        >>> len(rebuild(maf(2, layers=3).made_by))
        4
    """
    name, arguments = made_by["recipe"], made_by["arguments"]
    if name not in RECIPES:
        raise ModelError(
            f"The model was made by the recipe {name!r}, which is unknown here; the known ones are "
            f"{', '.join(RECIPES)}. Import the module that registers it first."
        )
    try:
        return RECIPES[name](**arguments)
    except (TypeError, KeyError) as error:
        raise ModelError(
            f"The recipe {name!r} does not take the stored arguments: {error}."
        ) from error


def vector_recipes() -> list[str]:
    """The recipes of rows of numbers, by name: those that ask for a count of features.

    The others are of images, and ask for a shape.
    """
    return [name for name in RECIPES if "features" in inspect.signature(RECIPES[name]).parameters]


def image_recipes() -> list[str]:
    """The recipes of images of whole numbers, by name: they ask for a shape, and for `values`."""
    return [
        name
        for name in RECIPES
        if {"shape", "values"} <= inspect.signature(RECIPES[name]).parameters.keys()
    ]


def refuse_senseless(function: Callable[..., Flow], arguments: dict[str, Any]) -> None:
    """Refuse what every recipe would refuse, before torch does in its own words."""
    count = arguments.get("context_features", 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ConfigurationError(
            f"context_features must be a whole number of at least 0, but is {count!r}."
        )
    default = inspect.signature(function).parameters.get("hidden")
    hidden = arguments.get("hidden", [])
    if default is not None and isinstance(default.default, tuple) and not isinstance(hidden, list):
        raise ConfigurationError(
            f"hidden must be a sequence of widths such as (128, 128), but is {hidden!r}."
        )
    if arguments.get("adjacency") is not None and arguments.get("scaler") == "whiten":
        raise ConfigurationError(
            'scaler="whiten" mixes the features, so that an adjacency would not be obeyed; '
            'take scaler="standardize".'
        )


def positive_sizes(**sizes: int) -> None:
    """Refuse a size that is not a whole number of at least one.

    Raises:
        ConfigurationError: naming the argument and its value.
    """
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigurationError(
                f"{name} must be a whole number of at least 1, but is {value!r}."
            )


def assemble(
    features: int,
    layers: list[Transform],
    base: Base = "normal",
    context_features: int = 0,
    scaler: Scaler = "standardize",
) -> Flow:
    """What every recipe ends with: the base, the layers, and the scalers of data and context.

    Raises:
        ConfigurationError: an unknown base or scaler.
    """
    layers = [*layers, *scalers(scaler, features)]
    embed = ContextScaler(context_features) if context_features and scaler != "none" else None
    return Flow(build_base(base, features), layers, embed, context_features)
