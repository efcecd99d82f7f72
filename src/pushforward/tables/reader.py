"""A table that is read from front to back, some rows at a time, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from pushforward.errors import ConfigurationError
from pushforward.schema.apostrophe import unguarded
from pushforward.tables import numeric
from pushforward.tables.dialect import Dialect
from pushforward.tables.names import require_columns
from pushforward.tables.words import excerpt, refusal, row_name

ROWS = 65536


@dataclass(frozen=True)
class Batch:
    """Some consecutive rows of a table.

    Attributes:
        start: the index of its first data row in the table, from 0.
        data: the rows; CSV columns are text as it stands in the file, Parquet's have their types.
        source: the file, for messages.
        dialect: how the CSV is written; None for Parquet.
    """

    start: int
    data: pa.RecordBatch
    source: str
    dialect: Dialect | None = None

    def __len__(self) -> int:
        """The number of rows."""
        return self.data.num_rows

    @property
    def header(self) -> bool:
        """Does its file have a header line, which is not counted among the rows?"""
        return self.dialect is not None and self.dialect.header

    def numeric(self, columns: Sequence[str]) -> np.ndarray:
        """The named columns as float64 (n, len(columns)), in the order asked.

        Raises:
            DataError: a column is missing or not numeric, or a cell is empty, no number, infinite,
                beyond ±1e30 or an integer that float64 cannot hold. Names file, column and row.

        Example:
            >>> rows = pa.RecordBatch.from_pydict({"a": [" 1.5"], "b": ["2"], "c": ["red"]})
            >>> Batch(0, rows, "t.csv", Dialect()).numeric(["b", "a"])
            array([[2. , 1.5]])
        """
        require_columns(columns, self.data.schema.names, self.source)
        place = {
            name: k for k, name in enumerate(self.data.schema.names)
        }  # Arrow's is slow if wide
        values = np.empty((len(self), len(columns)))
        faults: list[tuple[int, int]] = []
        for j, name in enumerate(columns):
            cells = self.data.column(place[name])
            values[:, j] = self._floats(name, cells)
            row = numeric.first_unusable(values[:, j], cells)
            if row is not None:
                faults.append((row, j))
        if faults:  # the first in the file, so that the size of a batch changes no message
            row, j = min(faults)
            raise self._fault(row, columns[j], float(values[row, j]))
        return values

    def _floats(self, name: str, cells: pa.Array) -> np.ndarray:
        if self.dialect is not None:
            return numeric.from_text(cells, self.dialect.decimal)
        if not numeric.is_numeric(cells.type):
            raise refusal(
                self.source,
                f"column {excerpt(name)} is of type {excerpt(cells.type)}, not a number; "
                "convert it or leave it out.",
            )
        return numeric.from_typed(cells)

    def _fault(self, row: int, name: str, value: float) -> Exception:
        place = row_name(self.start + row + 1, self.header)
        decimal = None if self.dialect is None else self.dialect.decimal
        cell = self.data.column(name)[row].as_py()
        what = numeric.reason(cell, value, decimal)
        return refusal(self.source, f"column {excerpt(name)}, {place} {what}.")


@dataclass(frozen=True)
class TableReader:
    """An opened table: its columns are known, its rows are read when asked for.

    Attributes:
        source: the file, for messages.
        names: the columns, in the file's order, all different.
        notes: what had to be assumed about the file (a missing header, an unnamed column).
        dialect: how the CSV is written; None for Parquet.
        first: the index in the file of the first row read, where it is a part of the file.
    """

    source: str
    names: list[str]
    stream: Callable[[list[str]], Iterator[pa.RecordBatch]] = field(repr=False)
    notes: list[str] = field(default_factory=list)
    dialect: Dialect | None = None
    first: int = 0

    def batches(self, rows: int = ROWS, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """Yield the table from its beginning, `rows` rows at a time (fewer in the last batch).

        Memory stays flat: about one batch, whatever the file's size. Each call reads anew.

        Args:
            rows: the rows of a batch, 1 or more.
            columns: read these alone, in this order; None for all.

        Raises:
            DataError: the table has no rows, a column is missing, a row is longer or shorter than
                the first, a quote is never closed, or the file is damaged.
            ConfigurationError: `rows` is less than 1.

        Example:
            >>> def stream(columns):
            ...     yield pa.RecordBatch.from_pydict({name: [1, 2, 3] for name in columns})
            >>> table = TableReader("t.parquet", ["a", "b"], stream)
            >>> [(batch.start, len(batch)) for batch in table.batches(rows=2, columns=["a"])]
            [(0, 2), (2, 1)]
        """
        if rows < 1:
            raise ConfigurationError(f"a batch has 1 row or more, not {rows}.")
        wanted = list(dict.fromkeys(self.names if columns is None else columns))
        require_columns(wanted, self.names, self.source)
        start = self.first
        for data in regroup(self.stream(wanted), rows):
            yield Batch(start, data, self.source, self.dialect)
            start += data.num_rows
        if start == self.first:
            raise refusal(self.source, "there are no data rows, only column names.")

    def naming(self, known: Sequence[str]) -> TableReader:
        """The same, its columns called as those that are `known` to a model or a schema.

        The apostrophe that `--excel-safe` has written before a name is left out.

        Example:
            >>> table = TableReader("t.csv", ["'=a", "b"], lambda columns: iter(()))
            >>> table.naming(["=a", "b"]).names
            ['=a', 'b']
        """
        names = unguarded(pa.array(self.names, pa.string()), known).to_pylist()
        if names == self.names or len(set(names)) < len(names):
            return self
        place = dict(zip(names, self.names, strict=True))

        def stream(columns: list[str]) -> Iterator[pa.RecordBatch]:
            for data in self.stream([place[name] for name in columns]):
                yield data.rename_columns(columns)

        return replace(self, names=names, stream=stream)


def regroup(pieces: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Cut and join pieces into batches of `rows` rows each, the last one excepted.

    A batch is what a model computes on at a time: its size must not hang on how a file was read.

    Example:
        >>> pieces = [pa.RecordBatch.from_pydict({"a": [0] * n}) for n in (1, 4, 2)]
        >>> [batch.num_rows for batch in regroup(pieces, 3)]
        [3, 3, 1]
    """
    held: list[pa.RecordBatch] = []
    count = 0
    for piece in pieces:
        if not piece.num_rows:
            continue
        held.append(piece)
        count += piece.num_rows
        if count > rows:
            *full, last = _joined(held, rows)
            yield from full
            held, count = [last], last.num_rows
    yield from _joined(held, rows)


def _joined(pieces: list[pa.RecordBatch], rows: int) -> list[pa.RecordBatch]:
    if not pieces:
        return []
    return pa.Table.from_batches(pieces).combine_chunks().to_batches(max_chunksize=rows)
