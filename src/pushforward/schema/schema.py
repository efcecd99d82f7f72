"""The columns of a table, and its rows as numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pushforward.errors import ShapeError
from pushforward.schema.coded import Coded
from pushforward.schema.column import Column
from pushforward.schema.constants import constant_cells, empty_cells, first_other
from pushforward.schema.na import NA
from pushforward.schema.reading import read_cells
from pushforward.schema.writing import write_cells
from pushforward.text import excerpt, refusal, require_columns, row_name

VERSION: Literal[1] = 1


class Schema(BaseModel):
    """The columns of a table in its order, and what says that a cell is missing.

    Attributes:
        version: of the layout of its file.
        na: spellings of a missing cell, upper and lower case alike.
        columns: one for each column of the table.

    Raises:
        ValueError: two columns bear one name (pydantic's ValidationError).

    Example:
        >>> columns = [
        ...     Column(name="cut", kind="category", levels=["Fair", "Good"], dtype="string"),
        ...     Column(name="price", kind="integer", lower=0, dtype="int64"),
        ... ]
        >>> schema = Schema(columns=columns)
        >>> rows = pa.RecordBatch.from_pydict({"price": ["326", "337"], "cut": ["Good", "Fair"]})
        >>> schema.encode(rows, "t.csv").values
        array([[  1., 326.],
               [  0., 337.]])
        >>> schema.decode(np.array([[0.0, 330.0]]))["price"].to_pylist()
        [330]
        >>> schema.specs()[0]
        {'kind': 'category', 'size': 2}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Literal[1] = VERSION
    na: list[str] = Field(default_factory=lambda: list(NA))
    columns: list[Column]

    @property
    def modelled(self) -> list[Column]:
        """The columns that a model is fitted to, in the table's order."""
        return [column for column in self.columns if column.modelled]

    @property
    def constants(self) -> dict[str, Column]:
        """The columns that are one value in every row, by name."""
        return {column.name: column for column in self.columns if column.kind == "constant"}

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """The names of the other columns, and why each is left out."""
        return [(c.name, _why(c)) for c in self.columns if not c.modelled]

    def specs(self) -> list[dict[str, Any]]:
        """What a model is told of each modelled column (d), ready for JSON."""
        return [column.spec() for column in self.modelled]

    def encode(
        self, batch: pa.RecordBatch | pa.Table, source: str, start: int = 0, header: bool = True
    ) -> Coded:
        """Rows as numbers.

        Args:
            batch: rows (n); columns are found by name, others are not looked at.
            source: the file, for messages.
            start: the index of the first row in the table, from 0.
            header: whether the table has a header line, which is not counted.

        Returns:
            Values (n, d) over the modelled columns, and which cells are outside their support.

        Raises:
            DataError: a modelled column is missing, or a cell cannot be read at all: it is no
                number, no date, infinite or beyond ±1e30. Names file, column and row.
        """
        columns, names = self.modelled, batch.schema.names
        require_columns([column.name for column in columns], names, source)
        place = {name: k for k, name in enumerate(names)}
        values, shape = np.empty((batch.num_rows, len(columns))), (batch.num_rows, len(columns))
        outside, missing = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        faults: list[tuple[int, int]] = []

        def cell(row: int, j: int) -> object:
            return batch.column(place[columns[j].name])[row].as_py()

        for j, column in enumerate(columns):
            cells = _whole(batch.column(place[column.name]))
            try:
                read = read_cells(cells, column, self.na)
            except pa.ArrowException:
                raise refusal(
                    source,
                    f"column {excerpt(column.name)} is of type {excerpt(cells.type)}, which "
                    f"cannot be read as {column.kind}; convert it, or change its kind.",
                ) from None
            values[:, j], outside[:, j], missing[:, j] = read.values, read.outside, read.missing
            if read.unreadable.any():
                faults.append((int(read.unreadable.argmax()), j))
        if faults:
            row, j = min(faults)
            where = f"column {excerpt(columns[j].name)}, {row_name(start + row + 1, header)}"
            what = _unreadable(columns[j], cell(row, j))
            raise refusal(source, f"{where} {what}.")
        return Coded(values, outside, missing, columns, source, start, header, cell)

    def refuse_other_constants(
        self, batch: pa.RecordBatch | pa.Table, source: str, start: int = 0, header: bool = True
    ) -> None:
        """Refuse rows in which a column holds something else than its constant; gaps may be.

        Args:
            batch: rows (n), with or without such columns.
            source, start, header: as of `encode`.

        Raises:
            DataError: names file, column and row.
        """
        for column in self.columns:
            if column.kind != "constant" or column.name not in batch.schema.names:
                continue
            cells = _whole(batch.column(column.name))
            row = first_other(cells, column, self.na)
            if row is not None:
                place = row_name(start + row + 1, header)
                raise refusal(
                    source,
                    f"column {excerpt(column.name)}, {place} holds {excerpt(cells[row].as_py())}, "
                    f"which is impossible: it is {excerpt(column.value)} in every row of the "
                    "schema; mend it, leave it out, or change its kind.",
                )

    def decode(self, values: np.ndarray) -> dict[str, pa.Array]:
        """Cells of values (n, d): all columns in the table's order, identifiers left out.

        Constants come back, empty columns are null, dtypes and formats are those of the table.

        Raises:
            ShapeError: the number of columns does not fit.
        """
        values, modelled = np.asarray(values, dtype=np.float64), self.modelled
        if values.ndim != 2 or values.shape[1] != len(modelled):
            raise ShapeError(
                f"Expected values (rows, {len(modelled)}) for the modelled columns, but was given "
                f"shape {values.shape}."
            )
        return dict(self._cells(values))

    def _cells(self, values: np.ndarray) -> Iterator[tuple[str, pa.Array]]:
        j = 0
        for column in self.columns:
            if column.modelled:
                yield column.name, write_cells(values[:, j], column)
                j += 1
            elif column.kind == "constant":
                yield column.name, constant_cells(column, len(values))
            elif column.kind == "empty":
                yield column.name, empty_cells(column, len(values))

    @model_validator(mode="after")
    def _check(self) -> Self:
        counts = Counter(column.name for column in self.columns)
        name, count = max(counts.items(), key=lambda pair: pair[1], default=("", 0))
        if count > 1:
            raise ValueError(f"two columns are called {name!r}")
        gaps = {word.strip().lower() for word in self.na}
        for column in self.columns:
            for level in column.levels or () if column.textual else ():
                if level.lower() in gaps:
                    raise ValueError(
                        f"level {level!r} of column {column.name!r} is in na, where it says that a "
                        "cell is missing; take it out of one of them"
                    )
        return self


def _whole(cells: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array, of a table's column too."""
    if not isinstance(cells, pa.ChunkedArray):
        return cells
    whole = cells.combine_chunks()
    return whole if not isinstance(whole, pa.ChunkedArray) else pa.concat_arrays(whole.chunks)


def _why(column: Column) -> str:
    if column.kind == "constant":
        return f"is {excerpt(column.value)} in every row"
    if column.kind == "empty":
        return "is missing in every row"
    return column.why or "is an identifier"


def _unreadable(column: Column, cell: object) -> str:
    own = {"datetime": "date", "time": "time of the day"}
    what = own.get(column.kind, "number within ±1e30")
    form = f" written as {column.format}" if column.format else ""
    return (
        f"holds {excerpt(cell)}, which is no {what}{form}; mend it, add it to na in the schema if "
        f"it says missing, or change the column's kind"
    )
