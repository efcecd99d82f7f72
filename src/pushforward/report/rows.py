"""Which rows a report compares: real ones, unseen by the fit where there are any, and samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pushforward.pages.words import Html, name, plural
from pushforward.tables.fitting import split_rows, was_fitted
from pushforward.tables.model import TableModel
from pushforward.tables.names import require_columns
from pushforward.tables.table import NumericTable

MOST_ROWS = 20_000  # pictures do not gain from more
ALONE = 10_000  # samples drawn where there is no table
SEED = 0


@dataclass(frozen=True)
class Compared:
    """What the pictures show.

    Attributes:
        real: rows of the table (n, d), float64; None without a table.
        sampled: rows of the flow (m, d), finite; None where they would need a context, or none is.
        context: the context of the real rows (n, c); None without one.
        origin: where the real rows come from, in a sentence; empty without a table.
        new: the table is not the one that was fitted.
        lost: how many samples were not finite.
    """

    real: np.ndarray | None
    sampled: np.ndarray | None
    context: np.ndarray | None
    origin: Html
    new: bool = False
    lost: int = 0


def gather(model: TableModel, table: NumericTable | None) -> Compared:
    """Choose the real rows, and draw as many samples, each given the context of its real row.

    Raises:
        DataError: the table lacks a column of the model.
    """
    if table is None or not len(table.values):
        if model.context:
            return Compared(None, None, None, Html(""))
        sampled, lost = _samples(model, ALONE, None)
        return Compared(None, sampled, None, Html(""), lost=lost)
    wanted = [*model.columns, *model.context]
    require_columns(wanted, table.names, table.source)
    values = table.values[:, [table.names.index(n) for n in wanted]]
    index, origin, new = _which(model, table, values)
    if len(index) > MOST_ROWS:
        index = np.random.default_rng(SEED).choice(index, MOST_ROWS, replace=False)
        origin = Html(f"{origin} The pictures show {MOST_ROWS:,} of them, chosen at random.")
    d = len(model.columns)
    real, context = values[index, :d], values[index, d:] if model.context else None
    sampled, lost = _samples(model, len(real), context)
    return Compared(real, sampled, context, origin, new, lost)


def _which(
    model: TableModel, table: NumericTable, values: np.ndarray
) -> tuple[np.ndarray, Html, bool]:
    """The rows to show, where they come from in words, and whether the model has not seen them."""
    training, everything = model.training, np.arange(len(values))
    file = name(Path(table.source).name)  # not its folder, which is nobody's business
    if not was_fitted(training, values):
        told = f"Real rows are the {plural(len(values), 'row')} of {file}"
        return everything, Html(f"{told}, which is not the table that was fitted."), True
    heldout = split_rows(len(values), int(training["seed"])).heldout
    if not len(heldout):
        told = f"Real rows are all {plural(len(values), 'row')} of {file}"
        return everything, Html(f"{told}: too few to hold any out, so the fit saw them."), False
    told = f"Real rows are the {plural(len(heldout), 'row')} of {file}"
    return heldout, Html(f"{told} that were held out: the fit never saw them."), False


def _samples(
    model: TableModel, n: int, context: np.ndarray | None
) -> tuple[np.ndarray | None, int]:
    """The finite ones of n samples (one for each context, where there is one), and the others."""
    blocks = list(model.sample(n if context is None else 1, SEED, context))
    sampled = np.concatenate(blocks)
    good = np.isfinite(sampled).all(axis=1)
    return sampled[good] if good.any() else None, int((~good).sum())
