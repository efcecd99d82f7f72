"""The missing cells of a table, drawn by a model given the cells that are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from pushforward.errors import ModelError
from pushforward.schema import Column
from pushforward.schema.constants import with_constant
from pushforward.schema.writing import write_cells
from pushforward.tables.filled import filled, plain
from pushforward.tables.model import TableModel
from pushforward.tables.reader import Batch

DRAW = "draw"  # the column that numbers several draws of a row


@dataclass
class Imputer:
    """Fills the missing cells of batches, one after another.

    Args:
        model: of typed columns, in any order.
        draws: how often each row is drawn; more than once, a column `draw` counts from 1.
        seed: of everything random.

    Attributes:
        cells, rows: how many missing cells, in how many rows, have been filled so far.

    Raises:
        ModelError: a model that takes its columns in one order alone.

    Example:
        >>> from pushforward.flows import columns
        >>> from pushforward.schema import Schema
        >>> from pushforward.storage import ColumnRecord, TableRecord
        >>> flow = columns(1, [{"kind": "category", "size": 1}]).eval()
        >>> cut = Column(name="cut", kind="category", levels=["Fair"], dtype="string")
        >>> record = TableRecord(columns=[ColumnRecord(name="cut")], context=[])
        >>> model = TableModel(flow, record, torch.empty(0), schema=Schema(columns=[cut]))
        >>> rows = pa.RecordBatch.from_pydict({"id": ["7", "8"], "cut": ["NA", "Fair"]})
        >>> imputer = Imputer(model)
        >>> imputer(Batch(0, rows, "t.csv"))["cut"].to_pylist(), imputer.cells
        (['Fair', 'Fair'], 1)
    """

    model: TableModel
    draws: int = 1
    seed: int = 0
    cells: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        from pushforward.conditions import any_order

        any_order(self.model.flow)
        if self.model.schema is None:
            raise ModelError("This model has no schema by which cells could be read.")
        self._generator = torch.Generator().manual_seed(self.seed)

    def __call__(self, batch: Batch) -> dict[str, pa.Array]:
        """The batch's columns (n · draws), all in place, missing cells of modelled ones filled.

        Cells that are there stand as they stand, as do columns that the model leaves out; but a
        gap in a constant column is that constant.

        Raises:
            DataError: as `Schema.encode`; a cell outside the schema or beside its constant, or one
                that the model gives no probability to.
        """
        schema = self.model.schema
        assert schema is not None
        coded = self.model.coded(batch.data, batch.source, batch.start, batch.header)
        coded.refuse_outside()
        schema.refuse_other_constants(batch.data, batch.source, batch.start, batch.header)
        which = np.repeat(np.arange(len(batch)), self.draws)
        gaps = np.asarray(coded.missing.any(1))
        values = coded.values[which]
        open_rows = gaps[which]
        if open_rows.any():
            values[open_rows] = self.model.complete(values[open_rows], self._generator)
        data = batch.data if self.draws == 1 else batch.data.take(pa.array(which))
        columns = dict(zip(data.schema.names, data.columns, strict=True))
        decimal = "." if batch.dialect is None else batch.dialect.decimal
        for j, column in enumerate(schema.modelled):
            missing = coded.missing[which, j]
            columns[column.name] = _written(
                columns[column.name], missing, values[:, j], column, decimal
            )
        count = int(coded.missing.sum())
        for name, column in schema.constants.items():
            if name in columns:
                columns[name], certain = with_constant(columns[name], column, schema.na)
                open_cells = certain.to_numpy(zero_copy_only=False)[:: self.draws]
                count, gaps = count + int(open_cells.sum()), gaps | open_cells
        self.cells, self.rows = self.cells + count, self.rows + int(gaps.sum())
        if self.draws > 1:
            columns[DRAW] = pa.array(np.tile(np.arange(1, self.draws + 1), len(batch)))
        return columns


def _written(
    cells: pa.Array, missing: np.ndarray, values: np.ndarray, column: Column, decimal: str
) -> pa.Array:
    """Cells (n) in their own type, those that are `missing` written anew from values (n)."""
    if not missing.any():
        return plain(cells)
    drawn = plain(write_cells(np.where(missing, values, np.nan), column))
    if pa.types.is_floating(drawn.type) and decimal != ".":  # as others in the file are written
        drawn = pc.replace_substring(pc.cast(drawn, pa.string()), ".", decimal)
    return filled(cells, pa.array(missing), drawn)
