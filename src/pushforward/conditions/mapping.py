"""What a person asks of columns, as a model sees it: a value, an interval, some categories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.conditions.bounds import end, narrowed, support, unturned
from pushforward.conditions.coded import Condition
from pushforward.conditions.constant import require_constant
from pushforward.conditions.grammar import Clause
from pushforward.errors import ConfigurationError, DataError
from pushforward.schema import Column, Schema
from pushforward.schema.coded import reason
from pushforward.schema.kinds import CATEGORIES
from pushforward.schema.reading import off_step, read_cells
from pushforward.text import excerpt, guess, listed
from pushforward.transforms.columns import Limit

SOURCE = "given"


def from_mapping(given: Mapping[str, Any], schema: Schema) -> Condition:
    """A condition written in Python, by a schema.

    Args:
        given: for each column that is conditioned on, its value; or a pair (low, high), both ends
            included and either None where it is open, of numbers, dates and ordered categories; or
            a list of categories, any of which will do. As in `code`, bounds of numbers that are
            rounded speak of the rounded ones.
        schema: of the model's columns.

    Raises:
        DataError: there is no such column, it is left out of the model, its value cannot be read
            or is outside the schema, or a pair is beyond the column's bounds.
        ConfigurationError: a pair for categories without an order, a list for numbers, a pair from
            high to low, or no value at all.

    Example:
        >>> cut = Column(name="cut", kind="category", levels=["Fair", "Good"], dtype="string")
        >>> price = Column(name="price", kind="integer", lower=0, dtype="int64")
        >>> schema = Schema(columns=[cut, price])
        >>> found = from_mapping({"cut": "Good", "price": (99.5, None)}, schema)
        >>> found.known, found.limits
        ({0: 1.0}, {1: Limit(low=100.0, high=inf, codes=())})
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{SOURCE} must name columns and their values, as in {{'price': (5000, None)}}, but is "
            f"of type {type(given).__name__}."
        )
    columns = schema.modelled
    place = {column.name: j for j, column in enumerate(columns)}
    known: dict[int, float] = {}
    limits: dict[int, Limit] = {}
    constants = schema.constants
    for name, asked in given.items():
        if name in constants:
            require_constant(_clauses(constants[name], asked), constants[name])
            continue
        if name not in place:
            raise _unknown(schema, name)
        j = place[name]
        found = _condition(columns[j], asked, schema)
        if isinstance(found, Limit):
            limits[j] = found
        elif found is not None:
            known[j] = found
    return Condition(str(dict(given)), known, limits)


def _unknown(schema: Schema, name: object) -> DataError:
    for other, why in schema.left_out:
        if other == name:
            return DataError(
                f"{SOURCE}: the model does not hold column {excerpt(name)}, which {why}: it was "
                "left out of the fit; leave it out here."
            )
    names = [column.name for column in schema.modelled]
    return DataError(
        f"{SOURCE}: there is no column {excerpt(name)}{guess(str(name), names)}; "
        f"the model's are {listed(names)}."
    )


def _clauses(column: Column, asked: Any) -> list[Clause]:
    """What is asked of a constant, as clauses."""
    if isinstance(asked, tuple) and len(asked) == 2:
        ends = [(sign, one) for sign, one in zip((">=", "<="), asked, strict=True)]
        return [
            Clause(column.name, sign, _texts(column, [e])) for sign, e in ends if not _is_open(e)
        ]
    several = isinstance(asked, list | tuple | set | frozenset | np.ndarray)
    return [Clause(column.name, "=", _texts(column, list(asked) if several else [asked]))]


def _texts(column: Column, values: list[Any]) -> tuple[str, ...]:
    if not values or any(value is None for value in values):
        raise _valueless(column)
    try:
        return tuple(pc.cast(pa.array(values), pa.string()).to_pylist())
    except (pa.ArrowException, TypeError, ValueError):
        raise _unreadable(column, values[0]) from None


def _condition(column: Column, asked: Any, schema: Schema) -> float | Limit | None:
    """The code of a value, or the limit of a pair or a list; None where every row meets it."""
    if isinstance(asked, tuple) and len(asked) == 2:
        if column.kind in CATEGORIES:
            return _levels(column, asked, schema)
        return _interval(column, asked, schema)
    if isinstance(asked, list | tuple | set | frozenset | np.ndarray):
        if column.kind not in CATEGORIES or isinstance(asked, tuple) or not len(asked):
            raise _fault(column, "takes one value, or a pair (low, high) with None for an open end")
        return _among({int(_code(column, one, schema)) for one in asked}, column)
    return _code(column, asked, schema)


def _among(codes: Iterable[int], column: Column) -> float | Limit | None:
    """The limit of some codes; the code where there is one; None where they are all."""
    allowed = tuple(sorted(codes))
    if len(allowed) == column.spec()["size"]:
        return None
    return float(allowed[0]) if len(allowed) == 1 else Limit(codes=allowed)


def _levels(column: Column, ends: tuple[Any, Any], schema: Schema) -> float | Limit | None:
    if column.kind != "ordered":
        raise _fault(column, "has categories without an order; give a list of those that will do")
    size = len(column.levels or ())
    low, high = (
        default if _is_open(one) else int(_code(column, one, schema))
        for one, default in zip(ends, (0, size - 1), strict=True)
    )
    for one, place in zip(ends, (low, high), strict=True):
        if place >= size:  # a level never seen
            raise _fault(column, f"has no place in its order for {excerpt(one)}; name its levels")
    if low > high:
        raise _backwards(column, ends)
    return _among(range(low, high + 1), column)


def _interval(column: Column, ends: tuple[Any, Any], schema: Schema) -> float | Limit | None:
    low, high = (
        default
        if _is_open(one)
        else end(_code(unturned(column), one, schema, inside=False), column, up=default < 0)
        for one, default in zip(ends, (-math.inf, math.inf), strict=True)
    )
    if low > high:
        raise _backwards(column, ends)
    least, most = support(column)
    if low > most or high < least:
        raise DataError(f"{SOURCE}: no row has column {excerpt(column.name)} so; widen its limits.")
    return narrowed(low, high, column)


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
    if inside and (read.outside[0] or off_step(read.values, column)[0]):
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


def _backwards(column: Column, ends: tuple[Any, Any]) -> ConfigurationError:
    return _fault(
        column,
        f"has no value from {ends[0]} to {ends[1]}; give the lower end first",
    )


def _fault(column: Column, what: str) -> ConfigurationError:
    return ConfigurationError(f"{SOURCE}: column {excerpt(column.name)} {what}.")
