"""Where a written table goes: rows to bytes, as CSV or as Parquet."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pushforward.errors import DataError
from pushforward.schema.apostrophe import guarded
from pushforward.tables.words import excerpt

ROWS = 65536  # rows put together at a time; Arrow's text arrays end at 2 GB


class Handle(Protocol):
    """A binary file, as far as it is needed here."""

    def write(self, data: bytes | memoryview, /) -> object: ...
    def flush(self) -> None: ...


class CsvSink:
    """Comma-separated UTF-8 with a header; cells are quoted only where CSV needs it.

    Arrow's own CSV writer would quote every text and every name.

    Args:
        handle: the file.
        excel_safe: write an apostrophe before text that a spreadsheet would take for a formula.
    """

    def __init__(self, handle: Handle, excel_safe: bool = False) -> None:
        self._handle = handle
        self._safe = excel_safe
        self._begun = False

    def write(self, table: pa.Table) -> None:
        """Append rows, after the header if they are the first."""
        if not self._begun:
            header = [pa.array([name]) for name in table.column_names]
            self._put(pa.table(header, table.column_names))
            self._begun = True
        for start in range(0, table.num_rows, ROWS):
            self._put(table.slice(start, ROWS))

    def _put(self, table: pa.Table) -> None:
        alone = table.num_columns == 1
        cells = [_cells(table.column(name), name, alone, self._safe) for name in table.column_names]
        lines = pc.binary_join_element_wise(
            *cells, ",", null_handling="replace", null_replacement=""
        )
        for piece in pc.binary_join_element_wise(lines, "", "\n").chunks:
            self._handle.write(_text(piece))

    def close(self) -> None:
        """Hand everything over to the operating system."""
        self._handle.flush()


def _text(strings: pa.StringArray) -> memoryview:
    """All of them one after the other, as they lie in memory."""
    _, places, characters = strings.buffers()
    if characters is None:
        return memoryview(b"")
    offsets = memoryview(places).cast("i")
    first, last = offsets[strings.offset], offsets[strings.offset + len(strings)]
    return memoryview(characters)[first:last]


def _cells(column: pa.ChunkedArray, name: str, alone: bool, safe: bool = False) -> pa.ChunkedArray:
    """A column as CSV cells; an empty one that stands `alone` is quoted, lest its line be empty."""
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    try:
        text = pc.cast(column, pa.string())  # floats in the shortest form that round-trips
    except pa.ArrowException as error:
        raise DataError(
            f"column {excerpt(name)} of type {excerpt(column.type)} cannot be written as CSV; "
            "write Parquet (.parquet) or leave it out."
        ) from error
    if pa.types.is_primitive(column.type):  # numbers, dates: nothing to quote
        return text
    if safe:
        text = guarded(text)
    needs = pc.match_substring_regex(text, '[",\r\n]' + ("|^$" if alone else ""))
    if not pc.any(needs).as_py():
        return text
    inner = pc.replace_substring(text, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', inner, '"', ""), text)


class ParquetSink:
    """Parquet, with the types that the first rows have."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._handle, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        """Write what stands at a Parquet file's end, and hand everything over."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._handle, pa.schema([]))
        self._writer.close()
        self._handle.flush()
