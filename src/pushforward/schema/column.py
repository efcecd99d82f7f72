"""One column of a table: what it holds, what its cells may be, and how it goes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pushforward.schema.clock import DAY, require_clock
from pushforward.schema.contradictions import (
    bounds_fault,
    clock_fault,
    constant_fault,
    dates_fault,
    decimals_fault,
    dtype_fault,
    grid_fault,
    levels_fault,
    sizes_fault,
)
from pushforward.schema.date_format import date_parts, ways
from pushforward.schema.dates import microseconds
from pushforward.schema.dtypes import inner_type, is_date, is_number, named_type
from pushforward.schema.kinds import (
    CATEGORIES,
    COMMON,
    LEFT_OUT,
    MEANING,
    NUMBERS,
    Kind,
    needed,
    usual_dtype,
)
from pushforward.schema.na import is_text
from pushforward.schema.pattern import parse_pattern


class Column(BaseModel):
    """One column, as it stands in a schema.

    Attributes:
        name: the column's name in the table.
        kind: what it holds. "identifier", "constant" and "empty" are not modelled.
        dtype: Arrow's type that it goes back to: string, int64, float64, bool, date32, …
            Where none is written: string for texts and dates, int64 for integer, else float64.
        missing: whether cells may be missing.
        lower, upper: no value lies beyond them, in the column's units; None for no bound.
        step: of integer and rounded, every value is origin + a whole multiple of it; of datetime,
            the same in seconds; of time, in seconds from midnight. Of other numbers, decode rounds
            to its multiples.
        origin: where counting starts; of datetime, an ISO date and time.
        fine: of datetime, that its steps are too many to count; it is then a real number of them.
        period: of periodic, the length after which values repeat (360, 24).
        levels: of boolean, category and ordered, the spellings that there are, in this order.
        reserve: the probability kept for categories never seen; None for none.
        format: how numbers or dates are written where they are text: "$#,##0.00", "%d.%m.%Y".
        value: the constant, as text.
        why: what is wrong with an identifier.

    Raises:
        ValueError: keys that contradict one another (pydantic's ValidationError).

    Example:
        >>> Column(name="age", kind="integer", lower=0, dtype="int64").spec()
        {'kind': 'cells', 'lower': 0, 'upper': None}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    name: str
    kind: Kind
    dtype: str = "float64"
    missing: bool = False
    lower: float | None = None
    upper: float | None = None
    step: float | None = Field(default=None, gt=0)
    origin: float | str | None = None
    fine: bool = False
    period: float | None = Field(default=None, gt=0)
    levels: list[str] | None = None
    reserve: float | None = Field(default=None, gt=0, lt=1)
    format: str | None = None
    value: str | None = None
    why: str | None = None

    @property
    def modelled(self) -> bool:
        """Whether a model is fitted to it."""
        return self.kind not in LEFT_OUT

    @property
    def textual(self) -> bool:
        """Whether its cells go back as text."""
        return is_text(inner_type(named_type(self.dtype)))

    @property
    def cells(self) -> bool:
        """Whether its values are whole numbers of steps."""
        whole = ("integer", "rounded", "time")
        return self.kind in whole or (self.kind == "datetime" and not self.fine)

    @property
    def unit(self) -> float:
        """The step of values that lie on a grid; 1 where none is written."""
        return 1.0 if self.step is None else self.step

    @property
    def start(self) -> float:
        """The origin of a grid, in the column's units; 0 where none is written."""
        return self.origin if isinstance(self.origin, float) else 0.0

    @property
    def floor(self) -> float | None:
        """The lower bound; of a positive column, 0."""
        return 0.0 if self.kind == "positive" and self.lower is None else self.lower

    def spec(self) -> dict[str, Any]:
        """What a model is told of a modelled column, ready for JSON."""
        if self.kind in CATEGORIES:
            assert self.levels is not None
            told: dict[str, Any] = {"kind": "category", "size": len(self.levels)}
            if self.reserve is not None:
                told |= {"size": len(self.levels) + 1, "reserve": self.reserve}
            return told | ({"ordered": True} if self.kind == "ordered" else {})
        if self.kind == "periodic":
            low = self.lower or 0.0
            return {"kind": "periodic", "lower": low, "upper": low + (self.period or 0.0)}
        if self.kind == "time":
            return {"kind": "cells", "lower": 0, "upper": int((DAY - 1) // self.unit)}
        if self.cells:
            return {"kind": "cells", "lower": self._code(self.lower, up=True)} | {
                "upper": self._code(self.upper, up=False)
            }
        told = {"kind": "real", "lower": self.floor, "upper": self.upper}
        met = [name for name in ("lower", "upper") if getattr(self, name) is not None]
        return told | ({"closed": met} if met else {})  # a bound that is written may be met

    def _code(self, bound: float | None, up: bool) -> int | None:
        """The first cell inside a bound."""
        if bound is None:
            return None
        code = (bound - self.start) / self.unit
        nearest = round(code)
        if abs(code - nearest) < 1e-6:
            return nearest
        return int(code // 1) + int(up)

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, record: Any) -> Any:
        if not isinstance(record, dict):
            return record
        for key in ("lower", "upper", "step", "origin", "period", "reserve"):
            if isinstance(record.get(key), bool):
                raise ValueError(f"{key} is {str(record[key]).lower()}, and must be a number")
        if "dtype" not in record:
            return record | {"dtype": usual_dtype(record.get("kind"))}
        return record

    @model_validator(mode="after")
    def _check(self) -> Self:
        idle = self.model_fields_set - COMMON - MEANING[self.kind]
        idle = {key for key in idle if getattr(self, key) not in (None, False)}
        if idle:
            raise ValueError(f"{min(idle)} means nothing for kind {self.kind}; leave it out")
        for key in needed(self.kind):
            if getattr(self, key) is None:
                raise ValueError(f"kind {self.kind} needs {key}")
        for fault in self._faults():
            if fault is not None:
                raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str | None]:
        """What contradicts itself, one question after another; None for an answer that is fine."""
        sizes = {key: getattr(self, key) for key in ("lower", "upper", "step", "origin", "period")}
        yield sizes_fault({k: v for k, v in sizes.items() if isinstance(v, float)})
        kind = named_type(self.dtype)
        inner = inner_type(kind)
        fits = {"datetime": is_date, "time": pa.types.is_null}.get(
            self.kind, is_number if self.kind in NUMBERS else None
        )
        if fits is not None and not (fits(kind) or is_text(kind)):
            yield f"dtype {self.dtype} cannot hold a column of kind {self.kind}"
        if self.levels is not None:
            yield levels_fault(self.kind, self.levels, inner, self.dtype, self.reserve)
        if self.kind == "constant":
            yield constant_fault(str(self.value), self.missing, inner, self.dtype)
        if self.kind == "datetime":
            yield self._fault_of_dates(inner)
        elif self.kind == "time":
            yield self._fault_of_times()
        elif isinstance(self.origin, str):
            yield f"origin is {self.origin!r}, and must be a number"
        if self.kind in NUMBERS:
            yield from self._faults_of_numbers(inner)

    def _fault_of_dates(self, inner: pa.DataType) -> str | None:
        microseconds(str(self.origin))
        for way in () if self.format is None else ways(self.format):
            date_parts(way)
        return dates_fault(str(self.origin), self.unit, self.format, inner)

    def _fault_of_times(self) -> str | None:
        if self.format is not None:
            require_clock(self.format)
        return clock_fault(self.unit, self.format)

    def _faults_of_numbers(self, inner: pa.DataType) -> Iterator[str | None]:
        pattern = None if self.format is None else parse_pattern(self.format)
        bounds = {"lower": self.lower, "upper": self.upper}
        yield dtype_fault(bounds, inner, self.dtype)
        if self.lower is not None and self.upper is not None:
            yield bounds_fault(self.lower, self.upper, self.cells)
        if self.cells:
            places = bounds | {"origin": self.start}
            yield grid_fault(self.kind, places, self.unit, inner, self.dtype)
            if pattern is not None:
                yield decimals_fault(self.start, self.unit, pattern)
        elif self.step is not None:
            yield grid_fault(self.kind, {}, self.step, inner, self.dtype)
        if self.cells or self.step is not None:
            first, last = self._code(self.lower, up=True), self._code(self.upper, up=False)
            if first is not None and last is not None and first > last:
                yield f"no multiple of {self.unit:g} lies between {self.lower:g} and {self.upper:g}"
        if self.kind == "bounded" and self.lower is None and self.upper is None:
            yield "kind bounded needs lower or upper; write real for neither"
        if self.kind == "positive" and self.lower is not None and self.lower < 0:
            yield f"lower is {self.lower:g}, but a positive column has none below 0"
        if self.kind == "positive" and self.upper is not None and self.upper <= 0:
            yield f"upper is {self.upper:g}, but a positive column lies above 0"
        if self.period is not None and self.step is not None and self.step >= self.period:
            yield f"step is {self.step:g}, and must be below period, {self.period:g}"
