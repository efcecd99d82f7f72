"""Do the samples of a typed model stay inside its schema, as cells that are written and read?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pushforward.diagnostics.report import Finding
from pushforward.tables.model import TableModel
from pushforward.tables.typed import densities

SAMPLES = 4096


def within_schema(model: TableModel, seed: int = 0) -> Finding:
    """How many cells of samples are missing, outside the schema or others when they are read again.

    Cells are written within the schema whatever was drawn: a draw from outside shows as another
    cell. Real numbers may be rounded on the way.

    Args:
        model: of typed columns.
        seed: of the samples.

    Raises:
        DataError: a cell that cannot be read at all.

    Example:
        >>> import torch
        >>> from pushforward.flows import columns
        >>> from pushforward.schema import Column, Schema
        >>> from pushforward.storage import ColumnRecord, TableRecord
        >>> flow = columns(1, [{"kind": "category", "size": 1}]).eval()
        >>> cut = Column(name="cut", kind="category", levels=["Fair"], dtype="string")
        >>> record = TableRecord(columns=[ColumnRecord(name="cut")], context=[])
        >>> model = TableModel(flow, record, torch.empty(0), schema=Schema(columns=[cut]))
        >>> within_schema(model).passed
        True
    """
    assert model.schema is not None
    (rows,) = model.sample(SAMPLES, seed)
    read = model.coded(pa.table(model.named(rows)), "the samples", header=False)
    whole = np.array([not density for density in densities(model.schema)])
    bad = int((read.outside | read.missing | (whole & (read.values != rows))).sum())
    name = "samples changed or outside the schema when read"
    return Finding.within(name, bad, 0, "exact", "cells", f"{SAMPLES:,} samples")
