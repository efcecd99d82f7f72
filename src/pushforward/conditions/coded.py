"""A condition in a model's numbers: columns that are told, and limits on others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from pushforward.conditions.bounds import between, end, narrowed, support, unturned
from pushforward.conditions.constant import require_constant
from pushforward.conditions.grammar import Clause, parse
from pushforward.errors import ConfigurationError
from pushforward.schema import Column, Schema
from pushforward.schema.kinds import CATEGORIES, OTHER
from pushforward.schema.reading import Read, off_step, read_cells
from pushforward.text import excerpt, guess, listed
from pushforward.transforms.columns import Limit


@dataclass(frozen=True)
class Condition:
    """What is told of a row.

    Attributes:
        text: as a person wrote it, in words or in Python.
        known: columns whose value is told: index among the modelled columns, value as coded.
        limits: columns of which an interval or some codes are told, in the order written.
    """

    text: str
    known: dict[int, float] = field(default_factory=dict)
    limits: dict[int, Limit] = field(default_factory=dict)

    def row(self, features: int) -> np.ndarray:
        """What is known, as one row (1, d); NaN elsewhere."""
        row = np.full((1, features), np.nan)
        for j, value in self.known.items():
            row[0, j] = value
        return row


def code(text: str, schema: Schema) -> Condition:
    """A condition by a schema.

    Two bounds on one column are one interval. Bounds of ordered categories follow the order of
    their levels; bounds of numbers that are rounded speak of the rounded ones.

    Args:
        text: as `grammar.parse` takes it; values are spelled as in the table.
        schema: of the model's columns.

    Raises:
        ConfigurationError: it cannot be read; a column that there is not, or that the model leaves
            out; another value of a constant than its own; a value that is missing, no number, no
            date, no level, beyond the bounds or between two steps; a sign that means nothing for
            the column; clauses that contradict one another.

    Example:
        >>> cut = Column(name="cut", kind="category", levels=["Fair", "Good", "Ideal"])
        >>> price = Column(name="price", kind="rounded", step=0.5, lower=0)
        >>> code("cut!=Fair, price>2, price<=9.7", Schema(columns=[cut, price])).limits
        {0: Limit(low=-inf, high=inf, codes=(1, 2)), 1: Limit(low=5.0, high=19.0, codes=())}
        >>> code("cut=Idael", Schema(columns=[cut]))
        Traceback (most recent call last):
        pushforward.errors.ConfigurationError: The condition cut=Idael: 'Idael' is none of the \
levels of 'cut' (did you mean 'Ideal'?): 'Fair', 'Good', 'Ideal'.
    """
    clauses: dict[str, list[Clause]] = {}
    for clause in parse(text):
        clauses.setdefault(clause.name, []).append(clause)
    place = {column.name: j for j, column in enumerate(schema.modelled)}
    known: dict[int, float] = {}
    limits: dict[int, Limit] = {}
    constants = schema.constants
    for name, own in clauses.items():
        if name in constants:
            require_constant(own, constants[name])
            continue
        _require(name, schema)
        j = place[name]
        column = schema.modelled[j]
        work = _levels if column.kind in CATEGORIES else _numbers
        found = work(own, column, schema.na)
        if isinstance(found, Limit):
            limits[j] = found
        elif found is not None:
            known[j] = found
    return Condition(text, known, limits)


def _require(name: str, schema: Schema) -> None:
    names = [column.name for column in schema.modelled]
    if name in names:
        return
    left = dict(schema.left_out)
    if name in left:
        raise ConfigurationError(
            f"The model does not hold column {excerpt(name)}, which {left[name]}: it was left out "
            "of the fit; leave it out of the condition."
        )
    raise ConfigurationError(
        f"The model has no column {excerpt(name)}{guess(name, names)}; its columns are "
        f"{listed(names)}."
    )


def _levels(clauses: Sequence[Clause], column: Column, na: Sequence[str]) -> Limit | float | None:
    """The codes that all clauses allow; one code; None where they allow all."""
    levels = list(column.levels or [])
    cases = {level.lower(): level for level in levels} if column.kind == "boolean" else {}
    clauses = [replace(c, values=tuple(cases.get(v.lower(), v) for v in c.values)) for c in clauses]
    spellings = levels + ([OTHER] if column.reserve is not None else [])
    allowed = set(range(len(spellings)))
    for clause in clauses:
        for value in clause.values:
            _refuse_missing(clause, value, na)
            if value not in spellings:
                raise _fault(
                    clause,
                    f"{excerpt(value)} is none of the levels of {excerpt(column.name)}"
                    f"{guess(value, spellings)}: {listed(spellings)}",
                )
        codes = {spellings.index(value) for value in clause.values}
        if clause.sign not in ("=", "!="):
            if column.kind != "ordered":
                raise _fault(clause, f"the levels of {excerpt(column.name)} have no order; use =")
            codes = _ordered(clause.sign, codes.pop(), len(levels))
        allowed = allowed - codes if clause.sign == "!=" else allowed & codes
    if not allowed:
        raise _contradiction(clauses)
    if len(allowed) == 1:
        return float(allowed.pop())
    return None if len(allowed) == len(spellings) else Limit(codes=tuple(sorted(allowed)))


def _ordered(sign: str, code: int, levels: int) -> set[int]:
    low = {">": code + 1, ">=": code}.get(sign, 0)
    high = {"<": code - 1, "<=": code}.get(sign, levels - 1)
    return set(range(low, min(high, levels - 1) + 1))


def _numbers(clauses: Sequence[Clause], column: Column, na: Sequence[str]) -> Limit | float | None:
    """The interval that all clauses allow; a value; None where they allow all."""
    least, most = support(column)
    low, high, known = -math.inf, math.inf, None
    for clause in clauses:
        if clause.sign == "!=" or len(clause.values) > 1:
            raise _fault(clause, f"{excerpt(column.name)} holds numbers; give one value, or bounds")
        (value,) = clause.values
        _refuse_missing(clause, value, na)
        if clause.sign == "=":
            told = _value(clause, column)
            if known not in (None, told):
                raise _contradiction(clauses)
            known = told
        else:
            first, last = _interval(clause, column)
            low, high = max(low, first), min(high, last)
    if known is not None:
        if not low <= known <= high:
            raise _contradiction(clauses)
        return known
    if low > high:
        raise _contradiction(clauses)
    if low > most or high < least:
        raise ConfigurationError(
            f"No row can meet the condition {_joined(clauses)}: it is beyond the bounds of "
            f"{excerpt(column.name)}."
        )
    return narrowed(low, high, column)


def _value(clause: Clause, column: Column) -> float:
    """The code of a value that a column is told to have."""
    read = _read(clause, column)
    if read.outside[0] or off_step(read.values, column)[0]:
        raise _fault(clause, f"{excerpt(clause.values[0])} {_outside(column, read.values[0])}")
    return float(read.values[0])


def _outside(column: Column, value: float) -> str:
    """Why no cell of a column has this value."""
    number = column.start + value * column.unit if column.cells else value
    if column.kind != "datetime":
        for bound, beyond, word in (
            (column.floor, column.floor is not None and number <= column.floor, "low"),
            (column.upper, column.upper is not None and number >= column.upper, "high"),
        ):
            if beyond and (number != bound or column.kind == "positive"):
                return f"is too {word} for {excerpt(column.name)}, which ends at {bound:g}"
    seconds = " seconds" if column.kind in ("datetime", "time") else ""
    return (
        f"is not on the steps of {column.unit:g}{seconds} that {excerpt(column.name)} lies on: "
        f"{between(value, column)}"
    )


def _interval(clause: Clause, column: Column) -> tuple[float, float]:
    """The least and the greatest code that a bound allows."""
    value = float(_read(clause, unturned(column)).values[0])
    up = clause.sign in (">", ">=")
    bound = end(value, column, up, strict=clause.sign in ("<", ">"))
    return (bound, math.inf) if up else (-math.inf, bound)


def _read(clause: Clause, column: Column) -> Read:
    """The value of a clause as a column has it; spelled as in the table, or plainly."""
    cells = pa.array([clause.values[0].strip()])
    for form in dict.fromkeys((column.format, None)):
        read = read_cells(cells, column.model_copy(update={"format": form}), [])
        if not read.unreadable[0]:
            return read
    own = {"datetime": "date", "time": "time of the day"}
    what = own.get(column.kind, "number within ±1e30")
    form = f"; write it as {column.format}" if column.format else ""
    raise _fault(clause, f"{excerpt(clause.values[0])} is no {what}{form}")


def _refuse_missing(clause: Clause, value: str, na: Sequence[str]) -> None:
    if value.strip().lower() in {word.strip().lower() for word in na}:
        raise _fault(
            clause,
            f"{excerpt(value)} says that a cell is missing, and a model has no probability of that;"
            " leave the column out",
        )


def _fault(clause: Clause, what: str) -> ConfigurationError:
    return ConfigurationError(f"The condition {clause}: {what}.")


def _joined(clauses: Sequence[Clause]) -> str:
    return ",".join(map(str, clauses))


def _contradiction(clauses: Sequence[Clause]) -> ConfigurationError:
    if len(clauses) == 1:
        return ConfigurationError(f"No row can meet the condition {clauses[0]}.")
    return ConfigurationError(f"The condition {_joined(clauses)} contradicts itself.")
