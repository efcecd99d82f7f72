"""Conditions on a column that is one constant in every row: certain, or impossible."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.conditions.grammar import Clause
from pushforward.errors import ConfigurationError
from pushforward.schema import Column
from pushforward.schema.constants import is_constant
from pushforward.schema.dtypes import inner_type, is_number, named_type
from pushforward.text import excerpt


def require_constant(clauses: Sequence[Clause], column: Column) -> None:
    """Accept clauses that every row meets; they tell a model nothing.

    Raises:
        ConfigurationError: no row meets one of them, or it bounds a text.

    Example:
        >>> year = Column(name="year", kind="constant", value="2013", dtype="int64")
        >>> require_constant([Clause("year", ">=", ("2010",))], year)
        >>> require_constant([Clause("year", "=", ("2014",))], year)
        Traceback (most recent call last):
        pushforward.errors.ConfigurationError: No row can meet the condition year=2014: 'year' is \
'2013' in every row.
    """
    for clause in clauses:
        if not _meets(clause, column):
            raise ConfigurationError(
                f"No row can meet the condition {clause}: {excerpt(column.name)} is "
                f"{excerpt(column.value)} in every row."
            )


def _meets(clause: Clause, column: Column) -> bool:
    if clause.sign in ("=", "!="):
        return any(is_constant(value, column) for value in clause.values) == (clause.sign == "=")
    if not is_number(inner_type(named_type(column.dtype))):
        raise ConfigurationError(
            f"The condition {clause}: {excerpt(column.name)} is the text {excerpt(column.value)} "
            "in every row, which has no bounds; use =."
        )
    try:
        value, bound = float(str(column.value)), float(clause.values[0])
    except ValueError:
        raise ConfigurationError(
            f"The condition {clause}: {excerpt(clause.values[0])} is no number."
        ) from None
    less, same = value < bound, value == bound
    return {"<": less, "<=": less or same, ">=": not less, ">": not (less or same)}[clause.sign]
