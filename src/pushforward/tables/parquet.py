"""Parquet: columns with their types, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pushforward.tables.names import refuse_duplicates
from pushforward.tables.reader import ROWS, TableReader
from pushforward.tables.words import refusal

_BUFFER = 1 << 20  # bytes; without it Arrow holds the whole of a row group's column


def open_parquet(path: Path, groups: Sequence[int] | None = None) -> TableReader:
    """Open a Parquet file, or some row groups of it: read its schema, leave its rows.

    Raises:
        DataError: it is no Parquet file, is damaged, or names two columns alike.
    """
    with _refusing_damage(path), pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
    if not names:
        raise refusal(str(path), "the file has no columns.")
    refuse_duplicates(names, str(path))
    first = 0 if groups is None else sum(group_sizes(path)[: groups[0]])
    return TableReader(str(path), names, partial(_rows, path, groups), first=first)


def group_sizes(path: Path) -> list[int]:
    """The rows of each row group of a Parquet file.

    Raises:
        DataError: as `open_parquet`.
    """
    with _refusing_damage(path), pq.ParquetFile(path) as file:
        known = file.metadata
        return [known.row_group(i).num_rows for i in range(known.num_row_groups)]


def _rows(path: Path, groups: Sequence[int] | None, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with _refusing_damage(path), pq.ParquetFile(path, buffer_size=_BUFFER) as file:
        for batch in file.iter_batches(batch_size=ROWS, row_groups=groups, columns=columns):
            yield batch.select(columns)


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        what = "it is no Parquet file, or is damaged or cut short; write or fetch it again."
        raise refusal(str(path), what) from error
