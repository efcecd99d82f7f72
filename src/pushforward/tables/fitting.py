"""From a table to a `TableModel`: set rows aside, fit, and judge on what was set aside."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward.errors import ConfigurationError
from pushforward.flows import RECIPES
from pushforward.storage import TableRecord
from pushforward.tables.model import TableModel, column_records
from pushforward.tables.table import NumericTable
from pushforward.training import FitResult, fit, seeded, split_index

HOLDOUT = 0.1  # share of the rows that play no part in training or in choosing its end
LEAST_HELDOUT = 20  # tables smaller than this keep every row for training


@dataclass(frozen=True)
class Split:
    """Which rows trained a model, and which judged it."""

    train: np.ndarray
    heldout: np.ndarray


def split_rows(n: int, seed: int) -> Split:
    """The split of n rows that a fit with this seed makes; all rows train where n is tiny."""
    share = HOLDOUT if n >= LEAST_HELDOUT else 0.0
    kept, aside = split_index(n, share, seed)
    return Split(kept.numpy(), aside.numpy())


def fingerprint(values: np.ndarray) -> str:
    """A short hash of the modelled, then the context columns: the mark of a table."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.float64).tobytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Request:
    """What a person asks of a fit.

    Attributes:
        recipe: the name of a flow recipe.
        context: names of the columns to condition on.
        epochs, time_budget: the limit, one of the two.
        seed: of everything random.
        arguments: further arguments of the recipe.
        training: further settings of the fit, by name.
    """

    recipe: str = "nsf"
    context: tuple[str, ...] = ()
    epochs: int | None = None
    time_budget: float | None = None
    seed: int = 0
    arguments: dict[str, Any] | None = None
    training: dict[str, Any] = field(default_factory=dict)


def parts(table: NumericTable, context: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray | None]:
    """The values of the modelled columns (n, d) and of the context columns (n, c) or None."""
    given = [table.names.index(name) for name in context]
    modelled = [j for j in range(len(table.names)) if j not in set(given)]
    return table.values[:, modelled], table.values[:, given] if given else None


def fit_table(
    table: NumericTable,
    request: Request,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> tuple[TableModel, FitResult]:
    """Fit a flow to the table's columns, given its context columns.

    Raises:
        ConfigurationError: an unknown recipe.
        DataError, TrainingError, ModelError: as `pushforward.fit`.
    """
    if request.recipe not in RECIPES:
        raise ConfigurationError(
            f"There is no flow called {request.recipe!r}; there are {', '.join(RECIPES)}."
        )
    values, context = parts(table, request.context)
    names = [n for n in table.names if n not in set(request.context)]
    split = split_rows(len(values), request.seed)
    record = TableRecord(
        columns=column_records(names, values[split.train]),
        context=[]
        if context is None
        else column_records(list(request.context), context[split.train]),
    )
    with seeded(request.seed):
        flow = RECIPES[request.recipe](
            len(names), context_features=len(request.context), **(request.arguments or {})
        )
    model = TableModel(flow, record, torch.empty(0))
    x, c = model.tensors(values[split.train], context_or_none(context, split.train))
    result = fit(
        flow,
        x,
        c,
        epochs=request.epochs,
        time_budget=request.time_budget,
        seed=request.seed,
        checkpoint=checkpoint,
        resume=resume,
        progress=progress,
        **request.training,
    )
    judged = split.heldout if len(split.heldout) else split.train
    scores = model.log_prob(values[judged], context_or_none(context, judged))
    model.heldout = torch.from_numpy(np.sort(scores)).float()
    model.training = {
        "rows": len(split.train),
        "heldout_rows": len(split.heldout),
        "fingerprint": fingerprint(
            values if context is None else np.concatenate([values, context], axis=1)
        ),
        "seed": request.seed,
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "settings": asdict(result.settings),
    }
    return model, result


def context_or_none(context: np.ndarray | None, index: np.ndarray) -> np.ndarray | None:
    """Those rows of a context, where there is one."""
    return None if context is None else context[index]
