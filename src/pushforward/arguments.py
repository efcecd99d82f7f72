"""Remembering how something was made, in plain JSON values, so that it can be made again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from pushforward.errors import ConfigurationError


def bound(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by name, defaults filled in, as JSON values.

    Example:
        >>> bound(lambda features, hidden=(8, 8): None, 3)
        {'features': 3, 'hidden': [8, 8]}
    """
    call = inspect.signature(function).bind(*args, **kwargs)
    call.apply_defaults()
    return {name: plain(value) for name, value in call.arguments.items()}


def plain(value: Any) -> Any:
    """`value` as JSON: tensors and tuples become lists; what has a `made_by` becomes that.

    Raises:
        ConfigurationError: the value is of a kind that a model file cannot hold.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple | range):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if hasattr(value, "made_by"):
        return value.made_by
    raise ConfigurationError(
        f"An argument of type {type(value).__name__} cannot be stored with a model; "
        "give numbers, text, lists, or a distribution of this package."
    )
