"""How a column goes back: Arrow's types, by names that a person can write."""

from __future__ import annotations

import re

import pyarrow as pa

from pushforward.errors import ConfigurationError
from pushforward.text import excerpt

_SHORT = {"double": "float64", "float": "float32", "halffloat": "float16", "date32[day]": "date32"}


def type_name(kind: pa.DataType) -> str:
    """The name of a type in a schema.

    Example:
        >>> type_name(pa.float64()), type_name(pa.timestamp("us", "UTC"))
        ('float64', 'timestamp[us, tz=UTC]')
    """
    if pa.types.is_dictionary(kind):
        return f"dictionary<{type_name(kind.value_type)}>"
    return _SHORT.get(str(kind), str(kind))


def named_type(name: str) -> pa.DataType:
    """The type that a schema names.

    Raises:
        ConfigurationError: there is no such type.

    Example:
        >>> named_type("dictionary<string>").value_type
        DataType(string)
    """
    if inner := re.fullmatch(r"dictionary<(.+)>", name):
        return pa.dictionary(pa.int32(), named_type(inner[1]))
    if zoned := re.fullmatch(r"timestamp\[(s|ms|us|ns), tz=([^\]]+)\]", name):
        return pa.timestamp(zoned[1], zoned[2])
    if decimal := re.fullmatch(r"decimal(128|256)\((\d+), *(-?\d+)\)", name):
        make = pa.decimal128 if decimal[1] == "128" else pa.decimal256
        return make(int(decimal[2]), int(decimal[3]))
    try:
        return pa.type_for_alias(name)
    except ValueError:
        raise ConfigurationError(
            f"there is no dtype {excerpt(name)}; write string, int64, float64, bool, date32 or "
            "timestamp[us]."
        ) from None


def inner_type(kind: pa.DataType) -> pa.DataType:
    """The type of the cells: of a dictionary, that of its levels.

    Example:
        >>> inner_type(pa.dictionary(pa.int32(), pa.string())), inner_type(pa.int8())
        (DataType(string), DataType(int8))
    """
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_number(kind: pa.DataType) -> bool:
    """Does this type hold numbers? (integers, floats, decimals)

    Example:
        >>> is_number(pa.int8()), is_number(pa.bool_())
        (True, False)
    """
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(test(kind) for test in tests)


def is_date(kind: pa.DataType) -> bool:
    """Does this type hold dates, with or without a time of day?

    Example:
        >>> is_date(pa.date32()), is_date(pa.time64("us"))
        (True, False)
    """
    return pa.types.is_timestamp(kind) or pa.types.is_date(kind)
