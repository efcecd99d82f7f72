"""A table that lies in many pieces: files, and the row groups of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

import numpy as np

from pushforward.tables.names import require_columns
from pushforward.tables.parquet import group_sizes, open_parquet
from pushforward.tables.read import open_table
from pushforward.tables.reader import TableReader
from pushforward.tables.suffix import CSV, PARQUET, is_csv
from pushforward.tables.table import NumericTable
from pushforward.tables.words import refusal


@dataclass(frozen=True)
class Piece:
    """A part of a table that is read by itself.

    Attributes:
        path: its file.
        group: the row group of a Parquet file; None for the whole of a CSV file.
        size: in rows, or of a CSV file in bytes: what shares are measured by.
    """

    path: Path
    group: int | None
    size: int

    def open(self) -> TableReader:
        """Its rows, with their places in the file.

        Raises:
            DataError: as `open_table`.
        """
        if self.group is None:
            return open_table(self.path)
        return open_parquet(self.path, [self.group])


def files_of(data: str | Path) -> list[Path]:
    """The files that a name stands for: itself, a folder's tables, or what a pattern matches.

    They come in the order of their names.

    Raises:
        DataError: there is none, or CSV and Parquet are mixed.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("b.csv", "a.csv"):
        ...     _ = (folder / name).write_text("x\\n1\\n")
        >>> [path.name for path in files_of(folder / "*.csv")]
        ['a.csv', 'b.csv']
    """
    path = Path(data)
    if path.is_dir():
        found = [p for p in path.iterdir() if p.suffix.lower() in CSV + PARQUET]
        what = "it is a folder, and holds no table"
    elif has_magic(str(data)) and not path.exists():
        found = [Path(name) for name in glob(str(data))]
        what = "no file has such a name"
    else:
        return [path]
    if not found:
        raise refusal(str(data), f"{what}.")
    if len({is_csv(p) for p in found}) > 1:
        raise refusal(str(data), "CSV and Parquet files are mixed; give one kind.")
    return sorted(found)


def pieces_of(data: str | Path) -> list[Piece]:
    """All pieces of a table, in order.

    Raises:
        DataError: as `files_of`, or a file that cannot be read.
    """
    found = []
    for path in files_of(data):
        open_table(path)  # refuses what is none
        if is_csv(path):
            found.append(Piece(path, None, path.stat().st_size))
        else:
            found += [Piece(path, i, rows) for i, rows in enumerate(group_sizes(path)) if rows]
    return found


def share(pieces: Sequence[Piece], rank: int, size: int) -> list[Piece]:
    """The pieces of one process among `size`: consecutive, at least one, about equally large.

    Args:
        pieces: `size` of them or more.

    Example:
        >>> pieces = [Piece(Path("t.parquet"), i, rows) for i, rows in enumerate((5, 1, 1, 1))]
        >>> [[p.group for p in share(pieces, rank, 2)] for rank in range(2)]
        [[0], [1, 2, 3]]
    """
    ends = np.cumsum([piece.size for piece in pieces])
    cuts = [0]
    for k in range(1, size):
        cut = int(np.searchsorted(ends, ends[-1] * k / size)) + 1
        cuts.append(min(max(cut, cuts[-1] + 1), len(pieces) - size + k))
    cuts.append(len(pieces))
    return list(pieces[cuts[rank] : cuts[rank + 1]])


def read_share(
    data: str | Path, columns: Sequence[str] | None = None, rank: int = 0, size: int = 1
) -> NumericTable:
    """The rows of one process among `size`, as numbers: whole pieces, which it alone reads.

    Where there are fewer pieces than processes each reads all of them, some thousand rows at a
    time, and keeps the rows of its share.

    Args:
        data: a file, a folder of tables or a pattern such as "parts/*.parquet".
        columns: the columns to read, in this order; None for all of the first file's.
        rank, size: which process of how many.

    Returns:
        Its part of the table; the parts of all processes, in their order, are the table.

    Raises:
        DataError: as `read_numeric`; a file that lacks a column; fewer rows than processes.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "t.csv"
        >>> _ = path.write_text("a,b\\n1,2\\n3,4\\n5,6\\n")
        >>> [read_share(path, rank=rank, size=2).values.tolist() for rank in range(2)]
        [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]
    """
    pieces = pieces_of(data)
    if not pieces:
        raise refusal(str(data), "there are no data rows, only column names.")
    first = pieces[0].open()
    wanted = first.names if columns is None else list(columns)
    if len(pieces) >= size:
        blocks = list(_blocks(share(pieces, rank, size), wanted))
    else:
        blocks = _cut(pieces, wanted, str(data), rank, size)
    return NumericTable(str(data), wanted, np.concatenate(blocks), first.notes)


def _blocks(pieces: Sequence[Piece], columns: list[str]) -> Iterator[np.ndarray]:
    for piece in pieces:
        reader = piece.open()
        require_columns(columns, reader.names, reader.source)
        for batch in reader.batches(columns=columns):
            yield batch.numeric(columns)


def _cut(
    pieces: Sequence[Piece], columns: list[str], source: str, rank: int, size: int
) -> list[np.ndarray]:
    """The share of a process in pieces that are fewer than processes."""
    count = sum(len(block) for block in _blocks(pieces, columns))
    if count < size:
        raise refusal(source, f"there are {size} processes for {count} rows; start fewer.")
    start, stop = count * rank // size, count * (rank + 1) // size
    kept, done = [], 0
    for block in _blocks(pieces, columns):
        part = block[max(start - done, 0) : max(stop - done, 0)]
        if len(part):
            kept.append(part)
        done += len(block)
    return kept
