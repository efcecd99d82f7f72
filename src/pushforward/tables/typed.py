"""A person's table by its schema: inferred or given, read whole, ready for a fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pushforward.errors import DataError
from pushforward.schema import NA, Column, Inferred, Schema, infer
from pushforward.schema.grid import MOST_CELLS
from pushforward.tables.read import open_table
from pushforward.tables.reader import TableReader
from pushforward.tables.table import NumericTable
from pushforward.text import excerpt, require_columns, visible

PLAIN = ("real", "positive", "bounded")  # kinds that a flow of real numbers may take for real


def infer_schema(
    reader: TableReader,
    columns: Sequence[str] | None = None,
    na: Sequence[str] = NA,
    strict: bool = False,
) -> Inferred:
    """What the columns of an opened table are.

    Args:
        columns: these alone; None for all.
        na: spellings of a missing cell.
        strict: refuse a column that would be left out.

    Raises:
        DataError: as `pushforward.schema.infer`.
    """

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in reader.batches(columns=columns):
            yield batch.data

    dialect = reader.dialect
    return infer(
        rows(),
        reader.source,
        na=na,
        strict=strict,
        text=dialect is not None,
        decimal=dialect.decimal if dialect else ".",
    )


def read_typed(
    path: str | Path,
    schema: Schema | None = None,
    columns: Sequence[str] | None = None,
    na: Sequence[str] = NA,
    strict: bool = False,
    bounds: bool = False,
) -> NumericTable:
    """Read a whole file as numbers, by a schema that is given, or told from all of its rows.

    Where it is told, and every column is a plain real number in every row, bounds are not: a wrong
    guess would make new rows impossible, and flows of real numbers are the better densities.

    Args:
        path: a CSV or Parquet file.
        schema: what its columns are.
        columns: these alone.
        na: spellings of a missing cell, where the schema is told.
        strict: refuse a column that would be left out.
        bounds: keep those that are told from the rows of a table of plain real numbers, too.

    Returns:
        The modelled columns, coded: NaN where missing; with its schema.

    Raises:
        DataError: whatever `open_table`, `infer` and `Schema.encode` refuse; a cell outside the
            schema; no column that can be modelled.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "t.csv"
        >>> _ = path.write_text("n,cut\\n1,Fair\\n,Good\\n3,Fair\\n")
        >>> read_typed(path).values
        array([[ 1.,  0.],
               [nan,  1.],
               [ 3.,  0.]])
    """
    reader = open_table(path)
    notes = list(reader.notes)
    if schema is None:
        if columns is not None:
            require_columns(columns, reader.names, reader.source)
        found = infer_schema(reader, columns, na, strict)
        plain = is_plain(found.schema) and not bounds
        schema = as_real(found.schema) if plain else found.schema
        notes += [*found.notes, *(f"? {question}" for question in found.questions)]
    else:
        reader = reader.naming([column.name for column in schema.columns])
        schema = schema if columns is None else chosen(schema, columns, reader.source)
    names = [column.name for column in schema.modelled]
    if not names:
        raise DataError(f"{reader.source}: no column is left to model{why_none(schema)}.")
    require_columns(names, reader.names, reader.source)
    constants = [name for name in schema.constants if name in reader.names]
    blocks = []
    for batch in reader.batches(columns=[*names, *constants]):
        coded = schema.encode(batch.data, batch.source, batch.start, batch.header)
        coded.refuse_unfit()
        schema.refuse_other_constants(batch.data, batch.source, batch.start, batch.header)
        blocks.append(coded.values)
    return NumericTable(reader.source, names, np.concatenate(blocks), notes, schema)


def why_none(schema: Schema) -> str:
    """A bracket with the reason why the first column is left out; nothing where there is none.

    Example:
        >>> why_none(Schema(columns=[Column(name="x", kind="constant", value="3")]))
        " (column 'x' is '3' in every row)"
    """
    return "".join(f" (column {excerpt(name)} {why})" for name, why in schema.left_out[:1])


def is_plain(schema: Schema) -> bool:
    """Are all modelled columns real numbers, none ever missing?"""
    return all(c.kind in PLAIN and not c.missing for c in schema.modelled)


def is_real(schema: Schema) -> bool:
    """Are all of its columns real numbers without bounds, in every row?"""
    return is_plain(schema) and all(c.kind == "real" for c in schema.modelled)


def shiftable(table: NumericTable) -> list[bool] | None:
    """Which columns (d) may be shifted: real numbers without bounds; None where all may."""
    if table.schema is None:
        return None
    specs = table.schema.specs()
    return [s["kind"] == "real" and s["lower"] is None and s["upper"] is None for s in specs]


def is_too_fine(schema: Schema, values: np.ndarray) -> bool:
    """Do numbers lie on steps so fine, or so many, that float32 would lose them?

    Args:
        values: (n, d) over the modelled columns, as a flow takes them; NaN where missing.

    Example:
        >>> t = Column(name="t", kind="datetime", step=1.0, origin="1970-01-01", fine=True)
        >>> is_too_fine(Schema(columns=[t]), np.array([[0.0], [6e8]]))
        True
    """
    for column, cells in zip(schema.modelled, values.T, strict=True):
        step = 1.0 if column.kind == "datetime" else column.step
        if step is None or column.cells:
            continue
        if np.abs(cells[~np.isnan(cells)]).max(initial=0.0) / step >= MOST_CELLS:
            return True
    return False


def densities(schema: Schema) -> list[bool]:
    """Which modelled columns (d) have a density; the others have probabilities."""
    return [spec["kind"] in ("real", "periodic") for spec in schema.specs()]


def unit_of(column: Column) -> str:
    """What the density of a column is per unit of: the column by name, of dates their steps too.

    Example:
        >>> unit_of(Column(name="t", kind="datetime", step=60, origin="1970-01-01", fine=True))
        't (in steps of 60 seconds)'
    """
    if column.kind != "datetime":
        return visible(column.name)
    unit = "seconds" if column.unit == 1 else f"steps of {column.unit:g} seconds"
    return f"{visible(column.name)} (in {unit})"


def as_real(schema: Schema) -> Schema:
    """The same, its numbers without bounds."""
    return schema.model_copy(update={"columns": [_as_real(c) for c in schema.columns]})


def _as_real(column: Column) -> Column:
    if column.kind not in PLAIN:
        return column
    return column.model_copy(update={"kind": "real", "lower": None, "upper": None})


def chosen(schema: Schema, columns: Sequence[str], source: str) -> Schema:
    """Those columns of a schema, in its order.

    Raises:
        DataError: one that it does not have.
    """
    require_columns(columns, [c.name for c in schema.columns], f"the schema of {source}")
    wanted = set(columns)
    return schema.model_copy(update={"columns": [c for c in schema.columns if c.name in wanted]})
