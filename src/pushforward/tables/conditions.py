"""What a person asks of columns, as a model sees it: a value, an interval, some categories."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pushforward.errors import ConfigurationError, DataError
from pushforward.schema import Column, Schema
from pushforward.schema.coded import reason
from pushforward.schema.kinds import CATEGORIES
from pushforward.schema.reading import read_cells
from pushforward.text import excerpt, guess, listed
from pushforward.transforms.columns import Limit

NEAR = 1e-6  # of a step: an end so near to a cell is the cell
SOURCE = "given"


@dataclass(frozen=True)
class Conditions:
    """Conditions on some of a model's columns.

    Attributes:
        values: float64 (d), the codes of columns that have one value; NaN in the others.
        limits: of columns with an interval or a choice, by their places among the modelled ones.
    """

    values: np.ndarray
    limits: dict[int, Limit]


def read_conditions(schema: Schema, given: Mapping[str, Any]) -> Conditions:
    """Conditions by a schema.

    Args:
        schema: of the model.
        given: for each column that is conditioned on, its value; or a pair (low, high), both ends
            included and either None where it is open, of numbers, dates and ordered categories; or
            a list of categories, any of which will do.

    Raises:
        DataError: there is no such column, it is left out of the model, or its value cannot be read
            or is outside the schema.
        ConfigurationError: a pair for categories without an order, a list for numbers, a pair from
            high to low, or no value at all.

    Example:
        >>> cut = Column(name="cut", kind="category", levels=["Fair", "Good"], dtype="string")
        >>> price = Column(name="price", kind="integer", lower=0, dtype="int64")
        >>> schema = Schema(columns=[cut, price])
        >>> read_conditions(schema, {"cut": "Good", "price": (99.5, None)})
        Conditions(values=array([ 1., nan]), limits={1: Limit(low=100.0, high=inf, codes=())})
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{SOURCE} must name columns and their values, as in {{'price': (5000, None)}}, but is "
            f"of type {type(given).__name__}."
        )
    columns = schema.modelled
    place = {column.name: j for j, column in enumerate(columns)}
    values, limits = np.full(len(columns), np.nan), {}
    for name, asked in given.items():
        if name not in place:
            raise _unknown(schema, name)
        found = _condition(columns[place[name]], asked, schema)
        if isinstance(found, Limit):
            limits[place[name]] = found
        else:
            values[place[name]] = found
    return Conditions(values, limits)


def _unknown(schema: Schema, name: object) -> DataError:
    for other, why in schema.left_out:
        if other == name:
            return DataError(
                f"{SOURCE}: column {excerpt(name)} {why}: it is left out of the model, and cannot "
                "be conditioned on."
            )
    names = [column.name for column in schema.modelled]
    return DataError(
        f"{SOURCE}: there is no column {excerpt(name)}{guess(str(name), names)}; "
        f"the model's are {listed(names)}."
    )


def _condition(column: Column, asked: Any, schema: Schema) -> float | Limit:
    """The code of a value, or the limit of a pair or a list."""
    if isinstance(asked, tuple) and len(asked) == 2:
        return _interval(column, asked, schema)
    if isinstance(asked, list | tuple | set | frozenset | np.ndarray):
        if column.kind not in CATEGORIES or isinstance(asked, tuple) or not len(asked):
            raise _fault(column, "takes one value, or a pair (low, high) with None for an open end")
        codes = tuple(sorted({int(_code(column, one, schema)) for one in asked}))
        return float(codes[0]) if len(codes) == 1 else Limit(codes=codes)
    return _code(column, asked, schema)


def _interval(column: Column, ends: tuple[Any, Any], schema: Schema) -> float | Limit:
    categories = column.kind in CATEGORIES
    if categories and column.kind != "ordered":
        raise _fault(column, "has categories without an order; give a list of those that will do")
    low, high = (
        default if _is_open(end) else _code(column, end, schema, inside=categories)
        for end, default in zip(ends, (-math.inf, math.inf), strict=True)
    )
    if column.cells:
        low = low if math.isinf(low) else float(math.ceil(low - NEAR))
        high = high if math.isinf(high) else float(math.floor(high + NEAR))
    elif low == high and not categories:  # a point of a density
        return _code(column, ends[0], schema)
    if low > high:
        raise _fault(column, f"has no value from {ends[0]} to {ends[1]}; give the lower end first")
    if not categories:
        return Limit(low, high)
    size = len(column.levels or ())
    first, last = max(low, 0), min(high, size - 1)
    return Limit(codes=tuple(range(int(first), int(last) + 1)))


def _is_open(end: Any) -> bool:
    return end is None or (isinstance(end, float) and math.isinf(end))


def _code(column: Column, value: Any, schema: Schema, inside: bool = True) -> float:
    """The code of one value; one that is outside the support is refused where it must be inside."""
    if value is None:
        raise _valueless(column)
    try:
        read = read_cells(pa.array([value]), column, schema.na)
    except (pa.ArrowException, TypeError, ValueError):
        raise _unreadable(column, value) from None
    if read.missing[0]:
        raise _valueless(column)
    if read.unreadable[0]:
        raise _unreadable(column, value)
    if inside and read.outside[0]:
        why = reason(column, value, float(read.values[0]))
        raise DataError(f"{SOURCE}: column {excerpt(column.name)} {why}.")
    return float(read.values[0])


def _valueless(column: Column) -> ConfigurationError:
    return _fault(column, "is given no value; name one, or leave the column out")


def _unreadable(column: Column, value: Any) -> DataError:
    return DataError(
        f"{SOURCE}: column {excerpt(column.name)} is {column.kind}, and {excerpt(value)} cannot be "
        "read as such; write it as the table does."
    )


def _fault(column: Column, what: str) -> ConfigurationError:
    return ConfigurationError(f"{SOURCE}: column {excerpt(column.name)} {what}.")
