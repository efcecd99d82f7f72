"""A batch as a model sees it, and the sentence about its first cell that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from pushforward.schema.column import Column
from pushforward.schema.grid import MOST_CELLS
from pushforward.schema.reading import off_step
from pushforward.text import excerpt, guess, listed, refusal, row_name

MOST = 0.5  # where more cells than that do not fit, it is the kind that is wrong


@dataclass(frozen=True)
class Coded:
    """Some rows as numbers.

    Attributes:
        values: float64 (n, d) over the modelled columns; NaN where missing.
        outside: bool (n, d), where a cell is outside its column's support: an unknown category,
            beyond a bound, between two steps, missing where no cell may be.
        missing: bool (n, d), where a cell is missing.
        columns: the modelled columns.
        source, start, header: where the rows come from, for messages.
        cell: the cell at (row, column) as it stood in the table.
    """

    values: np.ndarray
    outside: np.ndarray
    missing: np.ndarray
    columns: list[Column] = field(repr=False)
    source: str
    start: int
    header: bool
    cell: Callable[[int, int], object] = field(repr=False)

    @property
    def scored(self) -> np.ndarray:
        """The values, infinite where outside: a flow's log density is -inf there."""
        return np.where(self.outside, np.inf, self.values)

    def with_gaps(self) -> Coded:
        """The same, where a missing cell is nowhere outside: for a model that takes any."""
        return replace(self, outside=self.outside & ~self.missing)

    def first_outside(self) -> str | None:
        """A sentence on the first cell, row by row, that is outside; None where there is none.

        Example:
            >>> import pyarrow as pa
            >>> from pushforward.schema import Schema
            >>> cut = Column(name="cut", kind="category", levels=["Fair", "Good"], dtype="string")
            >>> rows = pa.RecordBatch.from_pydict({"cut": ["Good", "Fare"]})
            >>> print(Schema(columns=[cut]).encode(rows, "t.csv").first_outside())
            t.csv: column 'cut', row 2 (the header not counted) holds 'Fare', which is none of \
its levels (did you mean 'Fair'?): 'Fair', 'Good'; mend it, or add it to the schema.
        """
        if not self.outside.any():
            return None
        row, j = np.unravel_index(int(self.outside.argmax()), self.outside.shape)
        return str(self._fault(int(row), int(j)))

    def refuse_outside(self) -> None:
        """Raise where any cell is outside.

        Raises:
            DataError: the sentence of `first_outside`.
        """
        if self.outside.any():
            row, j = np.unravel_index(int(self.outside.argmax()), self.outside.shape)
            raise self._fault(int(row), int(j))

    def refuse_unfit(self) -> None:
        """Raise where a model cannot be fitted to the rows.

        Raises:
            DataError: a cell is outside, between two steps of a column that has them, or so many
                steps from its column's origin that a model's float32 could not count them.

        Example:
            >>> import pyarrow as pa
            >>> from pushforward.schema import Schema
            >>> n = Schema(columns=[Column(name="n", kind="integer")])
            >>> n.encode(pa.table({"n": [1_000_000_007]}), "t.csv").refuse_unfit()
            Traceback (most recent call last):
            pushforward.errors.DataError: t.csv: column 'n', row 1 (the header not counted) holds \
'1000000007', which lies 1e+09 steps from its origin: more than 4,194,304 are not counted; write \
an origin near it, a coarser step, or make it real.
        """
        self.refuse_outside()
        for j, column in enumerate(self.columns):
            between = off_step(self.values[:, j], column)
            if between.any():
                raise self._fault(int(between.argmax()), j)
            far = np.abs(self.values[:, j]) >= MOST_CELLS
            if column.cells and far.any():
                row = int(far.argmax())
                place = row_name(self.start + row + 1, self.header)
                other = "fine: true" if column.kind == "datetime" else "make it real"
                raise refusal(
                    self.source,
                    f"column {excerpt(column.name)}, {place} holds {excerpt(self.cell(row, j))}, "
                    f"which lies {abs(self.values[row, j]):.3g} steps from its origin: more than "
                    f"{MOST_CELLS:,} are not counted; write an origin near it, a coarser step, or "
                    f"{other}.",
                )

    def _fault(self, row: int, j: int) -> Exception:
        column, cell = self.columns[j], self.cell(row, j)
        place = row_name(self.start + row + 1, self.header)
        if self.missing[row, j]:
            what = 'is missing, as no cell of this column may be; fill it in, or write "missing": '
            what += "true in the schema"
        else:
            what = reason(column, cell, float(self.values[row, j]))
        share = float(self.outside[:, j].mean())
        if share > MOST and len(self.outside) > 1:
            what += f" ({share:.0%} of these rows do not fit: is it {column.kind}?)"
        return refusal(self.source, f"column {excerpt(column.name)}, {place} {what}.")


def reason(column: Column, cell: object, value: float) -> str:
    """Why a cell with this value is outside its column's support, and what to do.

    Example:
        >>> print(reason(Column(name="n", kind="integer"), "1.5", 1.5))
        holds '1.5', which is not a whole number; mend it, or change the step in the schema
        >>> print(reason(Column(name="n", kind="bounded", lower=0), -2.0, -2.0))
        holds '-2.0', and must not be below 0; mend it, or change lower in the schema
    """
    held = f"holds {excerpt(cell)}, "
    if column.levels is not None:
        near = guess(str(cell).strip(), column.levels)
        return (
            f"{held}which is none of its levels{near}: {listed(column.levels)}; "
            "mend it, or add it to the schema"
        )
    if column.kind == "datetime":
        step = f"{column.unit:g} seconds, counted from {column.origin}"
        return f"{held}which is no multiple of {step}; mend it, or change the step in the schema"
    if column.kind == "time":
        return f"{held}which is no multiple of {column.unit:g} seconds; mend it, or change the step"
    number = column.start + value * column.unit if column.cells else value
    if column.kind == "positive" and number <= 0:
        return f"{held}and must be above 0; mend it, or make it a bounded or real column"
    if column.lower is not None and number < column.lower:
        return (
            f"{held}and must not be below {column.lower:g}; mend it, or change lower in the schema"
        )
    if column.upper is not None and number > column.upper:
        return (
            f"{held}and must not be above {column.upper:g}; mend it, or change upper in the schema"
        )
    if column.unit == 1 and column.start == round(column.start):
        what = "not a whole number"
    else:
        from_ = f", counted from {column.start:g}" if column.start else ""
        what = f"no multiple of {column.unit:g}{from_}"
    return f"{held}which is {what}; mend it, or change the step in the schema"
