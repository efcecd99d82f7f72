"""CSV: every column as text, as it stands in the file, piece by piece.

The parser is Arrow's. It gets pieces of whole rows in memory rather than a stream: from a stream it
reads ahead in threads of its own, which call back into Python and can hang the interpreter's exit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from pushforward.errors import DataError
from pushforward.tables import decode
from pushforward.tables.dialect import Dialect, sniff
from pushforward.tables.names import name_columns
from pushforward.tables.reader import TableReader
from pushforward.tables.rows import whole_rows
from pushforward.tables.words import excerpt, refusal, row_name
from pushforward.text import visible


def open_delimited(path: Path) -> TableReader:
    """Open a CSV file: tell its dialect and columns, leave its rows.

    Raises:
        DataError: the file is empty, is not text, or names two columns alike.
    """
    source = str(path)
    dialect, first = sniff(decode.text_blocks(path))
    if not first:
        raise refusal(source, "the file is empty.")
    if dialect.header:
        names, notes = name_columns(first, source)
    else:
        names = [f"column_{k}" for k in range(1, len(first) + 1)]
        notes = ["there is no header: the columns are called column_1, column_2 and so on"]
    layout = Layout(path, dialect, names)
    return TableReader(source, names, layout.rows, notes, dialect)


@dataclass(frozen=True)
class Layout:
    """All that is needed to read a CSV file's rows, again and again."""

    path: Path
    dialect: Dialect
    names: list[str]

    def rows(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield the data rows of the named columns, in pieces of any size."""
        text = decode.without_last_lines(decode.text_blocks(self.path))
        header = int(self.dialect.header)
        done = 0
        for piece in whole_rows(text, self.dialect.delimiter, str(self.path)):
            table = self._parse(piece, columns, done)
            yield from table.slice(header if done == 0 else 0).to_batches()
            done += table.num_rows

    def _parse(self, text: str, columns: list[str], done: int) -> pa.Table:
        """The rows of a piece of text, of which `done` stand before it."""
        ragged: list[pa.csv.InvalidRow] = []

        def refuse(row: pa.csv.InvalidRow) -> str:
            ragged.append(row)
            return "error"

        data = text.encode()
        try:
            return pa.csv.read_csv(
                pa.BufferReader(data),
                pa.csv.ReadOptions(
                    column_names=self.names, block_size=len(data) + 1, use_threads=False
                ),
                pa.csv.ParseOptions(
                    delimiter=self.dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=len(self.names) > 1,  # in a single column it is a cell
                    invalid_row_handler=refuse,
                ),
                pa.csv.ConvertOptions(
                    column_types={name: pa.string() for name in self.names},
                    include_columns=columns,
                ),
            )
        except pa.ArrowInvalid as error:
            if ragged:
                raise self._ragged(ragged[0], done) from None
            raise refusal(str(self.path), f"it is no CSV ({visible(str(error))}).") from error

    def _ragged(self, row: pa.csv.InvalidRow, done: int) -> DataError:
        header = self.dialect.header
        place = row_name(done + row.number - header, header)
        cells = f"{row.actual_columns} cell{'s' if row.actual_columns > 1 else ''}"
        return refusal(
            str(self.path),
            f"{place} has {cells} where {'the header' if header else 'the first row'} has "
            f"{row.expected_columns}; mend it: {excerpt(row.text)}.",
        )
