"""Data frames of any library, through narwhals: to an Arrow table, and back to their own kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from pushforward.errors import DataError
from pushforward.text import excerpt, visible


def is_frame(thing: object) -> bool:
    """Is this a data frame in memory that narwhals knows (pandas, polars, Arrow, …)?

    Example:
        >>> is_frame(pa.table({"x": [1]})), is_frame([[1.0]])
        (True, False)
    """
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    try:
        known = nw.from_native(thing, eager_only=True, pass_through=True)
    except DuplicateError:
        return True
    return isinstance(known, nw.DataFrame)


def to_arrow(frame: Any) -> pa.Table:
    """An Arrow table of a data frame's columns; an index of pandas is no column.

    Args:
        frame: of pandas, polars, Arrow or another library in memory that narwhals knows.

    Raises:
        DataError: it is no data frame, a column's name is no text or stands twice, or a column
            mixes types that no Arrow column can hold; names the column.

    Example:
        >>> to_arrow(pa.table({"x": [1, 2]})).num_rows
        2
    """
    import narwhals as nw

    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if not is_frame(frame):
        raise DataError(
            f"Expected a data frame of pandas, polars or pyarrow, not {type(frame).__name__}; "
            "make one, with a name for each column."
        )
    _check_names(frame)
    table = nw.from_native(frame, eager_only=True)
    columns = {name: _column(table, name) for name in table.columns}
    return pa.table(columns)


def _check_names(frame: Any) -> None:
    names = frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"The data frame has a column called {name!r}, which is no text; rename it to "
                f"{str(name)!r}."
            )
        if names.count(name) > 1:
            raise DataError(
                f"Two columns of the data frame are called {excerpt(name)}; rename one of them."
            )


def _column(table: Any, name: str) -> pa.ChunkedArray | pa.Array:
    try:
        return table[name].to_arrow()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"Column {excerpt(name)} of the data frame cannot be read: "
            f"{visible(error).rstrip('.')}; give all of its cells one type."
        ) from None


def like(frame: Any) -> Callable[[pa.Table], Any]:
    """A function that turns Arrow tables into data frames of the library that `frame` is of.

    A column that `frame` has too gets its very type there, where its cells fit into it.

    Raises:
        DataError: `frame` is no data frame.

    Example:
        >>> back = like(pa.table({"x": [1]}))
        >>> type(back(pa.table({"y": [2.0]}))).__name__
        'Table'
    """
    import narwhals as nw

    if isinstance(frame, pa.RecordBatch | pa.Table):
        return lambda table: table
    if not is_frame(frame):
        raise DataError(f"Expected a data frame, not {type(frame).__name__}.")
    known = nw.from_native(frame, eager_only=True)

    def back(table: pa.Table) -> Any:
        made = nw.from_arrow(table, backend=known.implementation)
        columns = [_as(made[name], known, frame) for name in made.columns]
        return made.with_columns(*columns).to_native() if columns else made.to_native()

    return back


def _as(column: Any, known: Any, frame: Any) -> Any:
    """A new column in the very type of the frame's, where there is one that it fits into."""
    import narwhals as nw

    if column.name not in known.columns:
        return column
    native = column.to_native()
    try:
        if known.implementation.is_pandas_like():
            native = native.astype(frame[column.name].dtype)
        else:
            native = native.cast(frame[column.name].dtype)
    except Exception:  # each library has errors of its own for cells that do not fit
        return column
    return nw.from_native(native, series_only=True)
