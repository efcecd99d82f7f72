"""What the columns of a table are, told from all of its rows in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pushforward.errors import DataError
from pushforward.schema.choose import choose
from pushforward.schema.column import Column
from pushforward.schema.dtypes import is_date, is_number, type_name
from pushforward.schema.na import NA, is_text
from pushforward.schema.remarks import Remarks
from pushforward.schema.schema import Schema
from pushforward.schema.tally import Tally
from pushforward.text import excerpt, refusal


@dataclass(frozen=True)
class Inferred:
    """A schema, and what a person should know of how it came about.

    Attributes:
        schema: the columns, in the table's order.
        notes: what was assumed, one line each.
        questions: what could be read in two ways, one line each.
    """

    schema: Schema
    notes: list[str]
    questions: list[str]


def infer(
    table_or_batches: pa.Table | Iterable[pa.RecordBatch],
    source: str,
    *,
    na: Sequence[str] = NA,
    strict: bool = False,
    text: bool = True,
    decimal: str = ".",
) -> Inferred:
    """The schema of a table.

    Every row is looked at, once; memory is bounded by the columns and by 100,000 different cells of
    each. The schema is a proposal: it is saved as a file that a person can edit.

    Args:
        table_or_batches: the rows (n, columns), all of one Arrow schema.
        source: the file, for messages.
        na: spellings of a missing cell, upper and lower case alike.
        strict: refuse a table with a column that would be left out.
        text: whether cells are text because they come from a CSV; numbers then go back as numbers.
        decimal: the decimal mark of the CSV.

    Raises:
        DataError: there are no rows, two columns bear one name, a number is beyond ±1e30, or, if
            strict, a column is constant, empty or an identifier.

    Example:
        >>> table = pa.table({"x": ["1.5", "2.25", "NA"], "cut": ["Fair", "Good", "Fair"]})
        >>> found = infer(table, "t.csv")
        >>> [(column.name, column.kind) for column in found.schema.columns]
        [('x', 'rounded'), ('cut', 'category')]
    """
    batches = table_or_batches
    if isinstance(batches, pa.Table):
        batches = batches.to_batches()
    tallies: list[Tally] | None = None
    for batch in batches:
        if tallies is None:
            tallies = _begin(batch.schema, source, na, decimal)
        for tally, cells in zip(tallies, batch.columns, strict=True):
            if _readable(tally.value):
                tally.add(cells)
            else:
                tally.rows += len(cells)
    if not tallies or not tallies[0].rows:
        raise refusal(source, "there are no data rows, only column names.")
    remarks = Remarks()
    columns = [_column(tally, text, source, remarks) for tally in tallies]
    schema = Schema(columns=columns, na=list(na))
    for name, why in schema.left_out:
        if strict:
            raise refusal(source, f"column {excerpt(name)} {why}; leave it out or mend it.")
        remarks.note(name, f"{why}: it is left out.")
    return Inferred(schema, remarks.notes, remarks.questions)


def _begin(schema: pa.Schema, source: str, na: Sequence[str], decimal: str) -> list[Tally]:
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise refusal(source, f"two columns are called {excerpt(twice)}; rename one of them.")
    return [Tally(field.name, field.type, na, decimal) for field in schema]


def _readable(kind: pa.DataType) -> bool:
    known = is_text(kind) or is_number(kind) or is_date(kind)
    return known or pa.types.is_boolean(kind) or pa.types.is_null(kind)


def _column(tally: Tally, text: bool, source: str, remarks: Remarks) -> Column:
    if not _readable(tally.value):
        why = f"is of type {type_name(tally.kind)}, which is not read"
        return Column(name=tally.name, kind="identifier", dtype="null", why=why)
    try:
        return choose(tally, text, remarks)
    except DataError as error:
        raise refusal(source, str(error)) from None
