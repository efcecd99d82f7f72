"""From a path to a table: the format is told by the suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pushforward.tables.delimited import open_delimited
from pushforward.tables.names import require_columns
from pushforward.tables.parquet import open_parquet
from pushforward.tables.reader import TableReader
from pushforward.tables.suffix import is_csv
from pushforward.tables.table import NumericTable
from pushforward.tables.words import refusal


def open_table(path: str | Path) -> TableReader:
    """Open a CSV (.csv, .tsv, .txt) or Parquet (.parquet, .pq) file for reading.

    Raises:
        DataError: there is no such file, it is a folder, empty, damaged or of another format, or
            two of its columns bear one name.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "stars.csv"
        >>> _ = path.write_text("ra;dec;name\\n1,5;-2,0;Vega\\n2,5;7,0;Deneb\\n")
        >>> table = open_table(path)
        >>> table.names
        ['ra', 'dec', 'name']
        >>> for batch in table.batches(rows=1):
        ...     print(batch.start, batch.numeric(["dec", "ra"]))
        0 [[-2.   1.5]]
        1 [[7.  2.5]]
    """
    path = Path(path)
    if not path.exists():
        raise refusal(str(path), "there is no such file.")
    if path.is_dir():
        raise refusal(str(path), "it is a folder; give the name of a file.")
    if not path.is_file():
        raise refusal(str(path), "it is a pipe or a device, and a table is read more than once.")
    return open_delimited(path) if is_csv(path) else open_parquet(path)


def read_numeric(
    path: str | Path, columns: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> NumericTable:
    """Read a whole file into memory as numbers.

    Args:
        path: a CSV or Parquet file.
        columns: the columns to read, in this order; None for all of the file's.
        exclude: columns to leave out.

    Returns:
        The table; its values are float64 (rows, columns).

    Raises:
        DataError: whatever `open_table`, `TableReader.batches` and `Batch.numeric` refuse; a column
            of `columns` or `exclude` that is not in the file; no column is left.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "t.csv"
        >>> _ = path.write_text("a,b,c\\n1,2,x\\n3,4,y\\n")
        >>> read_numeric(path, exclude=["c"]).values
        array([[1., 2.],
               [3., 4.]])
    """
    table = open_table(path)
    asked = table.names if columns is None else list(columns)
    require_columns([*asked, *exclude], table.names, table.source)
    wanted = [name for name in asked if name not in set(exclude)]
    if not wanted:
        raise refusal(table.source, "no column is left to read.")
    blocks = [batch.numeric(wanted) for batch in table.batches(columns=wanted)]
    return NumericTable(table.source, wanted, np.concatenate(blocks), table.notes)
