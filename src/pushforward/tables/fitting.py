"""From a table to a `TableModel`: set rows aside, fit, and judge on what was set aside."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pushforward.conditions import any_order
from pushforward.density import DensityFit, Tell, fit_columns, fit_density, nobody
from pushforward.density.spread import random_orders, spread
from pushforward.errors import ConfigurationError
from pushforward.files import naming
from pushforward.flows import RECIPES, vector_recipes
from pushforward.schema import Schema
from pushforward.storage import TableRecord
from pushforward.tables.model import TableModel, column_records, without_offsets
from pushforward.tables.table import NumericTable
from pushforward.tables.together import figures, own, seen
from pushforward.tables.typed import is_real, is_too_fine, shiftable
from pushforward.training import fit, seeded, split_index
from pushforward.training.fingerprint import fingerprint
from pushforward.training.team import ALONE, Team

AUTO = "auto"  # no recipe: the best density that can be had
DEFAULT_BUDGET = 300.0  # seconds
HOLDOUT = 0.1  # share of the rows that play no part in training or in choosing its end
TYPED = "columns"  # the recipe of typed columns
MOST_SPREAD, SPREAD_ORDERS = 1000, 4  # held-out rows and orders that tell how orders disagree
BY_ROWS = "rows:"  # before a mark that is added up row by row
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


def mark(values: np.ndarray, team: Team = ALONE) -> str:
    """The mark of a table: of the modelled, then the context columns of all processes' rows."""
    start, _ = team.before(len(values))
    rows = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))
    return BY_ROWS + fingerprint([rows], start, team)


def was_fitted(training: dict[str, Any], values: np.ndarray) -> bool:
    """Is a table, its columns as of `mark`, the one of this record of a fit?"""
    known = training.get("fingerprint", "")
    if known.startswith(BY_ROWS):
        return bool(known == mark(values))
    plain = np.ascontiguousarray(values, dtype=np.float64).tobytes()
    return bool(known == hashlib.sha256(plain).hexdigest()[:16])  # of models before 0.2


@dataclass(frozen=True)
class Running:
    """How a fit runs, which does not change what it comes to.

    Attributes:
        checkpoint: a folder that it is kept in.
        resume: go on from there.
        progress: show a bar.
        tell: told what is done, a line at a time.
        team: the processes that the table is divided among.
    """

    checkpoint: Path | None = None
    resume: bool = False
    progress: bool = False
    tell: Tell = nobody
    team: Team = ALONE


@dataclass(frozen=True)
class Fitted:
    """What a fit says of itself.

    Attributes:
        history: one entry an epoch.
        words: what happened, for a person.
        facts: the same for the model's record.
        plainer: other models of the same rows, by name, to compare with.
    """

    history: list[dict[str, Any]]
    words: str
    facts: dict[str, Any]
    plainer: dict[str, TableModel] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a person asks of a fit.

    Attributes:
        recipe: the name of a flow recipe, or "auto": candidates are tried and mixed.
        context: names of the columns to condition on.
        epochs, time_budget: the limit, one of the two.
        seed: of everything random.
        arguments: further arguments of the recipe.
        training: further settings of the fit, by name.
    """

    recipe: str = AUTO
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
    tell: Tell = nobody,
    team: Team = ALONE,
) -> tuple[TableModel, Fitted]:
    """Fit a density to the table's columns, given its context columns.

    With a team the table is this process's share of it, of numbers; the model is that of one
    process with all of them, to rounding.

    Raises:
        ConfigurationError: an unknown recipe, or one that cannot be fitted by several processes.
        DataError, TrainingError, ModelError: as `pushforward.fit`.
    """
    if request.recipe not in (known := (AUTO, *vector_recipes())):
        kind = " of tables" if request.recipe in RECIPES else ""
        raise ConfigurationError(
            f"There is no flow{kind} called {request.recipe!r}; there are {', '.join(known)}."
        )
    if team.size > 1 and (request.recipe == AUTO or table.schema is not None):
        raise ConfigurationError(
            "Several processes fit one flow to columns of numbers; name it with --flow, such as "
            "nsf."
        )
    values, context = parts(table, request.context)
    names = [n for n in table.names if n not in set(request.context)]
    start, whole = team.before(len(values))
    split = split_rows(whole, request.seed)
    own_train, own_heldout = (own(i, start, len(values)) for i in (split.train, split.heldout))
    learnt = seen(values[own_train], team)
    record = TableRecord(
        columns=column_records(names, learnt, shiftable(table)),
        context=[]
        if context is None
        else column_records(list(request.context), seen(context[own_train], team)),
    )
    work = _density if request.recipe == AUTO else _one_flow
    typed = table.schema is not None and (request.recipe == TYPED or not is_real(table.schema))
    if typed:
        assert table.schema is not None
        work = partial(_columns, table.schema)
    rows = (values[own_train], context_or_none(context, own_train))
    running = Running(checkpoint, resume, progress, tell, team)
    model, fitted = work(record, rows, request, running)
    model.schema = table.schema
    if table.schema is not None and is_too_fine(
        table.schema, without_offsets(values, record.columns)
    ):
        for each in (model, *fitted.plainer.values()):  # they may share their layers
            each.flow.double()
    judged = own_heldout if len(split.heldout) else own_train
    scores = model.log_prob(values[judged], context_or_none(context, judged))
    model.heldout = torch.from_numpy(np.sort(seen(scores, team))).float()
    if team.size > 1 and len(split.heldout):
        model.figures = figures(scores, learnt.std(0), team)
    if typed:
        fitted = _with_spread(fitted, model, values[judged[:MOST_SPREAD]])
    model.training = {
        "rows": len(split.train),
        "heldout_rows": len(split.heldout),
        "fingerprint": mark(
            values if context is None else np.concatenate([values, context], axis=1), team
        ),
        "seed": request.seed,
        **fitted.facts,
    }
    return model, fitted


def _with_spread(fitted: Fitted, model: TableModel, values: np.ndarray) -> Fitted:
    """What a fit says, and how much orders of the columns disagree on these rows (n, d)."""
    layer = any_order(model.flow)
    orders = random_orders(layer.features, SPREAD_ORDERS)
    nats = float(spread(layer, model.tensors(values)[0], orders).mean())
    words = f"{fitted.words}\nOrders of the columns disagree by {nats:.3f} nats per row."
    return replace(fitted, words=words, facts=fitted.facts | {"order_spread_nats": round(nats, 4)})


Arrays = tuple[np.ndarray, np.ndarray | None]


def _one_flow(
    record: TableRecord, rows: Arrays, request: Request, running: Running
) -> tuple[TableModel, Fitted]:
    """The flow that a person named, on these rows and their context."""
    with seeded(request.seed):
        flow = RECIPES[request.recipe](
            len(record.columns),
            context_features=len(record.context),
            **(request.arguments or {}),
        )
    model = TableModel(flow, record, torch.empty(0))
    result = fit(
        flow,
        *model.tensors(*rows),
        epochs=request.epochs,
        time_budget=request.time_budget,
        seed=request.seed,
        checkpoint=running.checkpoint,
        resume=running.resume,
        progress=running.progress,
        team=running.team,
        **request.training,
    )
    words = (
        f"Fitted for {result.seconds:.0f} s; the best epoch was {result.best_epoch}; "
        f"{result.stopped}."
    )
    facts = {
        "best_epoch": result.best_epoch,
        "stopped": result.stopped,
        "settings": asdict(result.settings),
    }
    return model, Fitted(result.history, words, facts)


def _density(
    record: TableRecord, rows: Arrays, request: Request, running: Running
) -> tuple[TableModel, Fitted]:
    """The best density without tuning, of these rows given their context."""
    _refuse_settings(request)
    values, context = rows
    if running.checkpoint is not None:
        with naming(running.checkpoint):
            running.checkpoint.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        found = fit_density(
            without_offsets(values, record.columns),
            None if context is None else without_offsets(context, record.context),
            names=[c.name for c in record.columns],
            **_untuned(request, running),
        )
    for warning in caught:
        running.tell(str(warning.message))
    return _fitted(found, record)


def _columns(
    schema: Schema, record: TableRecord, rows: Arrays, request: Request, running: Running
) -> tuple[TableModel, Fitted]:
    """The best model of typed columns without tuning."""
    _refuse_settings(request)
    found = fit_columns(
        without_offsets(rows[0], record.columns),
        schema.specs(),
        **_untuned(request, running),
    )
    return _fitted(found, record)


def _untuned(request: Request, running: Running) -> dict[str, Any]:
    """What both fits without tuning are told of how to run."""
    budget = DEFAULT_BUDGET if request.time_budget is None else request.time_budget
    limits = {"time_budget": budget, "epochs": request.epochs, "seed": request.seed}
    return {**limits, **{name: value for name, value in vars(running).items() if name != "team"}}


def _refuse_settings(request: Request) -> None:
    """Refuse settings of one flow where many are tried, or the fit sizes its own."""
    if request.arguments or request.training:
        given = ", ".join([*(request.arguments or {}), *request.training])
        raise ConfigurationError(
            f"{given}: settings of one flow; name it with --flow, or leave them to the fit."
        )


def _fitted(found: DensityFit, record: TableRecord) -> tuple[TableModel, Fitted]:
    """A density fit as a model, and what it says of itself."""
    facts = {"tried": [asdict(t) for t in found.tried], "seconds": round(found.seconds, 1)}
    model = TableModel(found.flow, record, torch.empty(0))
    plainer = {
        name: TableModel(flow, record, torch.empty(0)) for name, flow in found.plainer.items()
    }
    return model, Fitted(found.history, found.summary(), facts, plainer)


def context_or_none(context: np.ndarray | None, index: np.ndarray) -> np.ndarray | None:
    """Those rows of a context, where there is one."""
    return None if context is None else context[index]
