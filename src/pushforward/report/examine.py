"""Which rows of a table may judge a model, and the diagnosis that they give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pushforward.diagnostics import Diagnosis, diagnose
from pushforward.diagnostics.material import LEAST_ROWS, MOST_COLUMNS
from pushforward.errors import DataError
from pushforward.report.rows import SEED
from pushforward.report.shown import is_typed, levels_of
from pushforward.tables.fitting import split_rows, was_fitted
from pushforward.tables.model import TableModel
from pushforward.tables.names import require_columns
from pushforward.tables.table import NumericTable


@dataclass(frozen=True)
class Examined:
    """A diagnosis of a table model, or why there is none.

    Attributes:
        diagnosis: its row numbers are those of the table, from 0; None where rows are missing.
        why: in a sentence, where there is no diagnosis.
        source: the table's file name, without its folder.
        values: of the modelled columns of the least likely rows, (rows, d); for whoever asks.
        cells: the same by column, as the table has them; None where they are numbers themselves.
    """

    diagnosis: Diagnosis | None
    why: str = ""
    source: str = ""
    values: np.ndarray | None = None
    cells: dict[str, list[Any]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; without values of rows."""
        if self.diagnosis is None:
            return {"passed": None, "why": self.why}
        return {"table": self.source, "rows_counted_from": 0} | self.diagnosis.to_dict()


def examine(model: TableModel, table: NumericTable | None) -> Examined:
    """Judge a model on the rows of its own table that it has not seen, or on a new table's.

    Raises:
        DataError: the table lacks a column of the model.
    """
    if table is None:
        return Examined(None, "Give the table as well to see whether the flow can be trusted.")
    wanted = [*model.columns, *model.context]
    require_columns(wanted, table.names, table.source)
    values = table.values[:, [table.names.index(n) for n in wanted]]
    heldout, train = np.arange(len(values)), None
    if was_fitted(model.training, values):
        split = split_rows(len(values), int(model.training["seed"]))
        if not len(split.heldout):
            return Examined(None, "Too few rows to hold any out: the fit saw them all.")
        heldout, train = split.heldout, split.train
    if len(heldout) < LEAST_ROWS or (train is not None and len(train) < LEAST_ROWS):
        told = f"There are only {len(heldout)} rows to judge by; a verdict takes {LEAST_ROWS}."
        return Examined(None, told)
    if len(model.columns) > MOST_COLUMNS:
        return Examined(None, f"A verdict takes at most {MOST_COLUMNS} columns.")
    return _examined(model, values, heldout, train, Path(table.source).name)


def _examined(
    model: TableModel,
    values: np.ndarray,
    heldout: np.ndarray,
    train: np.ndarray | None,
    source: str,
) -> Examined:
    d = len(model.columns)

    def tensors(rows: np.ndarray) -> Any:
        return model.tensors(values[rows, :d], values[rows, d:] if model.context else None)

    x, context = tensors(heldout)
    learned, learned_context = (None, None) if train is None else tensors(train)
    try:
        found = diagnose(
            model.flow,
            x,
            train=learned,
            context=context,
            train_context=learned_context,
            columns=model.columns,
            levels=levels_of(model),
            seed=SEED,
        )
    except DataError as error:
        return Examined(None, str(error))
    listed = tuple(replace(row, row=int(heldout[row.row])) for row in found.least_likely)
    shown = values[[row.row for row in listed], :d]
    cells = None
    if is_typed(model):
        cells = {key: column.to_pylist() for key, column in model.named(shown).items()}
    return Examined(replace(found, least_likely=listed), "", source, shown, cells)
