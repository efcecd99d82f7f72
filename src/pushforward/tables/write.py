"""Writing a table, batch by batch: the file appears whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pushforward.errors import ShapeError
from pushforward.files import abandon, naming, replacing
from pushforward.tables.sinks import CsvSink, ParquetSink
from pushforward.tables.suffix import is_csv
from pushforward.text import visible


class TableWriter:
    """Takes a table's rows, some at a time."""

    def __init__(self, target: str, sink: CsvSink | ParquetSink) -> None:
        self._target = visible(target)
        self._sink = sink
        self._names: list[str] | None = None

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows.

        Args:
            columns: a 1-D array for each column, all of one length (NumPy's, Arrow's, a list, a
                tensor on the CPU without gradient); the same names in the same order at each call.

        Raises:
            ShapeError: the names differ from the first call's, or the lengths from one another.
            DataError: the disk refuses the rows, or CSV cannot hold a column's type.

        Example:
            >>> with writing("-") as table:
            ...     table.write({"k": [1, 2]})
            ...     table.write({"k": [3]})
            k
            1
            2
            3
        """
        table = pa.table(_arrays(columns))
        self._names = self._names or table.column_names
        if table.column_names != self._names:
            raise ShapeError(
                f"the columns are {table.column_names}, but the first rows had {self._names}."
            )
        with naming(self._target):
            self._sink.write(table)

    def close(self) -> None:
        """Complete the file; `writing` does it."""
        with naming(self._target):
            self._sink.close()


def _arrays(columns: Mapping[str, Any]) -> dict[str, pa.Array | pa.ChunkedArray]:
    arrays = {name: _array(name, values) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError(f"the columns of a table have one length, not {lengths}.")
    return arrays


def _array(name: str, values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    array = np.asarray(values)
    if array.ndim != 1:
        raise ShapeError(f"column {name!r} has shape {array.shape}; a column has one dimension.")
    return pa.array(np.ascontiguousarray(array))


def writing(
    target: str | Path, force: bool = False, excel_safe: bool = False
) -> AbstractContextManager[TableWriter]:
    """Write a table to a CSV or Parquet file, by suffix, or as CSV to standard output (`-`).

    The file appears when the block ends. Where the block ends in an error there is none, and an
    older one stays as it was. Floats are written in the shortest form that reads back as the same
    float. Where the reader of standard output goes away (`| head`), the block ends early, quietly.

    Args:
        target: the file, or `-`.
        force: replace an existing file.
        excel_safe: in CSV, write an apostrophe before text (cells and names) that begins with
            = + - @, a tab or a carriage return, which a spreadsheet would take for a formula;
            numbers stay as they are.

    Returns:
        A context manager that yields a `TableWriter`.

    Raises:
        DataError: the file exists and `force` was not given, its suffix is unknown, its folder is
            missing, or it cannot be written (a full disk, no permission).

    Example:
        >>> with writing("-") as table:
        ...     table.write({"x": np.array([0.1, 1e22]), "name": ["a", "b,c"]})
        x,name
        0.1,a
        1e+22,"b,c"
    """
    if str(target) == "-":
        return _standard_output(excel_safe)
    return _file(Path(target), force, excel_safe)


@contextmanager
def _file(path: Path, force: bool, excel_safe: bool) -> Iterator[TableWriter]:
    csv = is_csv(path)
    with replacing(path, force) as draft:
        with naming(path):
            handle = open(draft, "wb")  # noqa: SIM115, closed below without hiding a first failure
        sink = CsvSink(handle, excel_safe) if csv else ParquetSink(handle)
        writer = TableWriter(str(path), sink)
        try:
            yield writer
            writer.close()
        finally:
            for last in (sink.close, handle.close):
                with suppress(
                    OSError, ValueError
                ):  # what fails here has failed and been said above
                    last()


@contextmanager
def _standard_output(excel_safe: bool) -> Iterator[TableWriter]:
    writer = TableWriter("standard output", CsvSink(_StandardOutput(), excel_safe))
    try:
        yield writer
        writer.close()
    except BrokenPipeError:
        return


class _StandardOutput:
    """Standard output as a binary file that, once it has failed, is left alone."""

    def write(self, data: bytes | memoryview) -> None:
        with self._failing_once():
            if hasattr(sys.stdout, "buffer"):
                sys.stdout.flush()
                sys.stdout.buffer.write(data)
            else:  # a notebook's, or a StringIO
                sys.stdout.write(bytes(data).decode())

    def flush(self) -> None:
        with self._failing_once():
            sys.stdout.flush()

    @contextmanager
    def _failing_once(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            abandon(sys.stdout)
            raise
