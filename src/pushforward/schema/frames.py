"""Data frames of any library, through narwhals: to an Arrow table, and back to their own kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.errors import DataError
from pushforward.schema.dtypes import is_number
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
        cells = table[name].to_arrow()
        if pa.types.is_string_view(cells.type):  # Arrow has few functions of them
            cells = pc.cast(cells, pa.string())
        return cells
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"Column {excerpt(name)} of the data frame cannot be read: "
            f"{visible(error).rstrip('.')}; give all of its cells one type."
        ) from None


def only_numbers(frame: Any) -> bool:
    """Is every column of a data frame of numbers, and none of its cells missing?

    Booleans are no numbers. Whatever cannot be told from its columns (two bear one name) is taken
    for plain, as an array would be.

    Args:
        frame: as `is_frame` takes it.

    Example:
        >>> [only_numbers(pa.table({"x": cells})) for cells in ([1, 2], [1, None], ["a", "b"])]
        [True, False, False]
    """
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    try:
        known = nw.from_native(frame, eager_only=True)
    except DuplicateError:
        return True
    return all(_is_full_of_numbers(column) for column in known.iter_columns())


def _is_full_of_numbers(column: Any) -> bool:
    import narwhals as nw

    if column.dtype == nw.Object:  # of pandas: its cells have any types
        try:
            cells = column.to_arrow()
        except (pa.ArrowException, TypeError, ValueError):
            return False
        return is_number(cells.type) and not cells.null_count
    if not column.dtype.is_numeric() or column.null_count():
        return False
    return not (column.dtype.is_float() and bool(column.is_nan().any()))


def without_rows(frame: Any) -> Any:
    """The columns of a data frame, of their types, with none of its rows nor their memory.

    Example:
        >>> without_rows(pa.table({"x": [1, 2]})).to_pydict()
        {'x': []}
    """
    import narwhals as nw

    if isinstance(frame, pa.Table):
        columns = frame.unify_dictionaries().columns
        return pa.table([_no_cells(cells) for cells in columns], schema=frame.schema)
    return nw.from_native(frame, eager_only=True).head(0).clone().to_native()


def _no_cells(cells: pa.ChunkedArray) -> pa.Array:
    if not pa.types.is_dictionary(cells.type):
        return pa.array([], cells.type)
    levels = _levels(cells)
    indices = pa.array([], cells.type.index_type)
    return pa.DictionaryArray.from_arrays(indices, levels, ordered=cells.type.ordered)


def _levels(cells: pa.ChunkedArray) -> pa.Array:
    """The dictionary of a column whose chunks share one."""
    return cells.chunk(0).dictionary if cells.num_chunks else pa.array([], cells.type.value_type)


def with_cells(frame: Any, cells: dict[str, pa.Array]) -> Any:
    """A data frame with some of its columns set anew, in their types; an index of pandas stays.

    Example:
        >>> with_cells(pa.table({"x": [1, None], "y": [0, 0]}), {"x": pa.array([1, 2])}).to_pydict()
        {'x': [1, 2], 'y': [0, 0]}
    """
    import narwhals as nw

    if not cells:
        return frame
    made = like(frame)(pa.table(cells))
    if isinstance(frame, pa.Table):
        for name in made.column_names:
            field = frame.schema.field(name).with_type(made.schema.field(name).type)
            frame = frame.set_column(frame.schema.get_field_index(name), field, made[name])
        return frame
    known = nw.from_native(frame, eager_only=True)
    return known.with_columns(*nw.from_native(made, eager_only=True).iter_columns()).to_native()


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

    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    if isinstance(frame, pa.Table):
        whole = frame.unify_dictionaries()
        return lambda table: pa.table(
            {name: _as_arrow(table[name], name, whole) for name in table.column_names}
        )
    if not is_frame(frame):
        raise DataError(f"Expected a data frame, not {type(frame).__name__}.")
    known = nw.from_native(frame, eager_only=True)

    def back(table: pa.Table) -> Any:
        made = nw.from_arrow(table, backend=known.implementation)
        columns = [_as(made[name], known, frame) for name in made.columns]
        return made.with_columns(*columns).to_native() if columns else made.to_native()

    return back


def _as_arrow(cells: pa.ChunkedArray, name: str, whole: pa.Table) -> pa.ChunkedArray:
    """A new column in the very type of the table's, with its dictionary, where it fits into it."""
    if name not in whole.column_names:
        return cells
    kind = whole[name].type
    try:
        if not pa.types.is_dictionary(kind):
            return pc.cast(cells, kind)
        coded = pa.types.is_dictionary(cells.type)
        plain = pc.cast(cells, cells.type.value_type) if coded else cells
        plain, levels = pc.cast(plain, kind.value_type), _levels(whole[name])
        indices = pc.index_in(plain, value_set=levels)
        if indices.null_count > plain.null_count:  # others than the table's
            return cells
        indices = pc.cast(indices, kind.index_type).combine_chunks()
        return pa.chunked_array(
            [pa.DictionaryArray.from_arrays(indices, levels, ordered=kind.ordered)]
        )
    except pa.ArrowException:
        return cells


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
