"""What both estimators do with data frames of mixed types: read by a schema, fit, and score."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from sklearn.utils.validation import validate_data

from pushforward.density import fit_columns
from pushforward.errors import ConfigurationError, DataError
from pushforward.estimator.rows import weighted
from pushforward.schema import Schema, infer, load
from pushforward.schema.frames import is_frame, only_numbers, to_arrow, with_cells
from pushforward.schema.na import present
from pushforward.storage import TableRecord
from pushforward.tables import NumericTable
from pushforward.tables.filled import filled, plain
from pushforward.tables.model import TableModel, column_records, without_offsets
from pushforward.tables.typed import is_too_fine, shiftable, why_none
from pushforward.training import seconds

SOURCE = "X"  # as scikit-learn calls the rows, in messages
INFER = "infer"


def is_typed(schema: Any, X: Any) -> bool:
    """Are rows X read by a schema? If one is given, or X is a frame not full of numbers.

    Example:
        >>> numbers, words = pa.table({"x": [0.5, 1.5]}), pa.table({"x": ["a", "b"]})
        >>> is_typed(None, numbers), is_typed("infer", numbers), is_typed(None, words)
        (False, True, True)
    """
    return schema is not None or (is_frame(X) and not only_numbers(X))


def training_table(estimator: Any, X: Any) -> pa.Table:
    """X as an Arrow table of two rows or more; the estimator notes its columns.

    Raises:
        DataError: X is no data frame, or one that cannot be read. (It is a ValueError.)
        ValueError: in scikit-learn's words, there are too few rows.
    """
    table = to_arrow(X)
    validate_data(estimator, X, skip_check_array=True)
    return _of_rows(estimator, table, 2)


def further_table(estimator: Any, X: Any) -> pa.Table:
    """X as an Arrow table, its columns those of the fit.

    Raises:
        DataError: as `training_table`.
        ValueError: in scikit-learn's words, X has other columns, or no rows.
    """
    if is_frame(X):
        validate_data(estimator, X, skip_check_array=True, reset=False)
    return _of_rows(estimator, to_arrow(X), 1)


def _of_rows(estimator: Any, table: pa.Table, least: int) -> pa.Table:
    if table.num_rows < least:
        raise ValueError(
            f"Found array with {table.num_rows} sample(s) (shape={table.shape}) while a minimum of "
            f"{least} is required by {type(estimator).__name__}."
        )
    return table


def table_schema(schema: Any, table: pa.Table) -> tuple[Schema, list[str]]:
    """The schema that an estimator was given, or what a table's cells say; and what to know of it.

    Raises:
        DataError: the file of a schema cannot be read, or the table is refused by
            `pushforward.schema.infer`.
        ConfigurationError: it is no schema, no path and not "infer"; a file that means nothing; a
            schema that models no column.
    """
    notes: list[str] = []
    if schema is None or (isinstance(schema, str) and schema == INFER):
        found = infer(table, SOURCE, text=False)
        schema, notes = found.schema, [*found.notes, *(f"? {q}" for q in found.questions)]
    elif isinstance(schema, str | os.PathLike):
        schema = load(os.fspath(schema))
    elif not isinstance(schema, Schema):
        raise ConfigurationError(
            f"schema must be a pushforward.schema.Schema, the path of a file or {INFER!r}, but is "
            f"of type {type(schema).__name__}."
        )
    if not schema.modelled:
        raise DataError(f"{SOURCE}: no column is left to model{why_none(schema)}.")
    return schema, notes


def scores(model: TableModel, table: pa.Table) -> np.ndarray:
    """Log densities (n), nats, of rows: −inf where a cell is outside the model's schema.

    A row with missing cells has the marginal density of the others, whether or not the schema says
    that cells of a column may be missing.

    Raises:
        DataError: a cell that cannot be read at all.
    """
    return model.log_prob(model.coded(table, SOURCE, header=False).scored)


def inside(model: TableModel, table: pa.Table) -> np.ndarray:
    """Values (n, d) of rows all of whose cells are missing or inside the model's schema.

    Raises:
        DataError: one is outside, or cannot be read at all.
    """
    rows = model.coded(table, SOURCE, header=False)
    rows.refuse_outside()
    return rows.values


def imputed(model: TableModel, X: Any, table: pa.Table, seed: int) -> Any:
    """The data frame X with its missing cells drawn, the others as they are.

    Args:
        model: of typed columns.
        X: a data frame.
        table: the same as an Arrow table.
        seed: of the draws.

    Raises:
        DataError: as `inside`; a known value that the model gives no probability to.
    """
    assert model.schema is not None
    generator = torch.Generator().manual_seed(seed)
    model.schema.refuse_other_constants(table, SOURCE, header=False)
    drawn = {}
    for name, cells in model.named(model.complete(inside(model, table), generator)).items():
        if name in table.column_names:
            known = table[name].combine_chunks()
            here = present(known, model.schema.na)
            if here.null_count > cells.null_count:
                try:
                    drawn[name] = filled(known, pc.is_null(here), cells, exact=True)
                except pa.ArrowException:  # text of a column that the fit has seen as numbers
                    drawn[name] = plain(cells)
    return with_cells(X, drawn)


def weighted_table(table: pa.Table, sample_weight: Any) -> tuple[pa.Table, np.ndarray | None]:
    """The rows that have some weight, and those weights.

    Raises:
        DataError, ValueError: as `pushforward.estimator.rows.weighted`.
    """
    kept, weight = weighted(np.arange(table.num_rows), sample_weight)
    return (table if weight is None else table.take(pa.array(kept))), weight


def fit_table(
    table: pa.Table,
    schema: Schema,
    weight: np.ndarray | None,
    time_budget: str | float,
    seed: int,
) -> tuple[TableModel, str]:
    """Fit a model of any columns given any others to rows (n) of typed columns.

    Returns:
        the model, and what the fit came to, in words.

    Raises:
        DataError: a cell outside the schema or one that cannot be read; fewer than two rows in
            which a cell is known.
        ConfigurationError: a time budget without a meaning.
    """
    rows = schema.encode(table, SOURCE, header=False)
    rows.refuse_unfit()
    schema.refuse_other_constants(table, SOURCE, header=False)
    x, names = rows.values, [column.name for column in schema.modelled]
    known = NumericTable(SOURCE, names, x, schema=schema)
    record = TableRecord(columns=column_records(names, x, shiftable(known)))
    shifted = without_offsets(x, record.columns)
    found = fit_columns(
        shifted,
        schema.specs(),
        weight,
        time_budget=seconds(time_budget),
        seed=seed,
    )
    flow = found.flow.eval()
    if is_too_fine(schema, shifted):
        flow.double()
    model = TableModel(flow, record, torch.empty(0), schema=schema)
    return model, found.summary()
