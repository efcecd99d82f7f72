"""`fit`: maximum likelihood on a person's rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.training.checkpoint import CHECKPOINT, Checkpoint
from pushforward.training.compiled import compiled_terms
from pushforward.training.data import Array, Rows, Shard, gather, some, split, together
from pushforward.training.fingerprint import fingerprint
from pushforward.training.loop import Loop, drifted, nothing
from pushforward.training.progress import Progress, bar, silent
from pushforward.training.seeding import seeded
from pushforward.training.settings import Settings, seconds
from pushforward.training.state import State
from pushforward.training.team import ALONE, Team
from pushforward.training.terms import shared_terms

# How it is computed, to rounding the same: a fit that ran out of memory goes on with less.
MAY_CHANGE = ("memory", "compile")
STARTED_ON = 2**20  # rows, evenly among all, that scalers and the like are set from


@dataclass(frozen=True)
class FitResult:
    """What a fit came to.

    Attributes:
        flow: the flow that was given, now with its best weights.
        history: one entry an epoch (NLL and its two terms, nats per row) and one an event.
        nll: validation NLL of the weights that were kept, nats per row; None without validation.
        best_epoch: the epoch they come from.
        seconds: time spent training.
        stopped: why it ended, in words.
        settings: the knobs it ran with.
    """

    flow: Flow
    history: list[dict[str, Any]]
    nll: float | None
    best_epoch: int
    seconds: float
    stopped: str
    settings: Settings


def fit(
    flow: Flow,
    data: Array,
    context: Array | None = None,
    *,
    sample_weight: Array | None = None,
    epochs: int | None = None,
    time_budget: str | float | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    team: Team = ALONE,
    **settings: Any,
) -> FitResult:
    """Fit a flow to rows by maximum likelihood: θ̂ = argmax Σ log p_Z(f⁻¹(x)) + log|det ∂f⁻¹/∂x|.

    AdamW with warm-up and a cosine, clipped gradients, averaged weights, and early stopping to the
    best weights on rows set aside. A step that turns out non-finite is undone, its layer named in
    the history, and training goes on with half the rate. NLL is in nats per row, in the data's
    units; it may be negative, since a density may exceed one.

    With `epochs` and a fixed number of threads, the same seed gives the same weights bit for bit;
    with `checkpoint` and `resume` also after having been killed at any moment. (`memory` and
    `compile` may change in between; the weights are then the same to rounding.)

    With `memory="lean"` each epoch's history entry has `memory_drift`, the largest error of a
    reconstructed point; beyond 1e-3 the fit goes on with `memory="recompute"`, which has none.

    Args:
        flow: trained in place. Scalers and other data-dependent parts are set first, once.
        data: (n, *event), a tensor or an array.
        context: (n, c) for a conditional flow.
        sample_weight: (n), not negative; 2 is the row given twice, 0 its absence, in the NLL and
            in what scalers are set from. (Batches, and the rows set aside, are counted in rows;
            the NLL is divided by the weights' mean, so that a common factor changes nothing.)
        epochs: passes over the training rows; 100 where neither limit is given.
        time_budget: seconds, or text such as "5m".
        seed: of the split and of everything random in training.
        checkpoint: a folder for `checkpoint.safetensors` and `history.jsonl`, written each epoch;
            made if need be.
        resume: go on from the checkpoint there, if there is one.
        progress: show a bar with the NLL, its two terms and the time left.
        team: the processes that the fit is divided among (`pushforward.training.team`). Data,
            context and weights are then this process's own rows, which stand after those of the
            processes before it; batches, split and figures are those of one process with all of
            them, and so are the weights, to rounding (without dropout). The leader alone writes
            the checkpoint, which all must be able to read.
        **settings: the other fields of `pushforward.training.Settings`.

    Raises:
        ShapeError, DataError: data, context or weights that do not fit or are not finite; a
            checkpoint that cannot be written.
        ConfigurationError: settings without a meaning, a flow with nothing to train, a checkpoint
            in the folder that would be overwritten, or a flow that cannot be compiled here.
        TrainingError: no finite likelihood at the start.
        ModelError: a checkpoint that is damaged or belongs to another fit.

    Example:
        >>> import torch
        >>> import pushforward as pf
        >>> x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)) * 3 + 1
        >>> _ = torch.manual_seed(1)  # a flow's first weights are drawn from torch's own generator
        >>> flow = pf.flows.nsf(2, layers=1, hidden=(8,))
        >>> result = pf.fit(flow, x, epochs=3)
        >>> result.best_epoch, result.stopped
        (3, 'all epochs were run')
    """
    if epochs is None and time_budget is None:
        epochs = 100
    try:
        knobs = Settings(
            epochs=epochs,
            time_budget=None if time_budget is None else seconds(time_budget),
            seed=seed,
            **settings,
        )
    except TypeError as error:
        known = ", ".join(Settings.__dataclass_fields__)
        unknown = ", ".join(name for name in settings if name not in Settings.__dataclass_fields__)
        what = f"There is no setting called {unknown}" if unknown else str(error)
        raise ConfigurationError(f"{what}; the settings are {known}.") from None
    folder = None if checkpoint is None else Path(checkpoint)
    if resume and folder is None:
        raise ConfigurationError("resume=True needs checkpoint=…, the folder to go on from.")
    if folder is not None and not resume and (folder / CHECKPOINT).exists():
        raise ConfigurationError(
            f"{folder} holds a checkpoint; go on from it with resume=True, or remove it first."
        )
    with team.agreed():
        rows = gather(flow, data, context, sample_weight)
    rows = together(rows, team)
    train, validation = split(rows, knobs.validation, knobs.seed, team)
    with bar(progress and team.leads) as report:
        return fit_rows(flow, train, validation, knobs, folder, resume, report, team)


def fit_rows(
    flow: Flow,
    train: Rows,
    validation: Rows | None,
    knobs: Settings,
    folder: Path | None = None,
    resume: bool = False,
    report: Progress = silent,
    team: Team = ALONE,
) -> FitResult:
    """As `fit`, on rows that have been gathered and split already.

    Args:
        train, validation: to learn from, and to judge by.
        knobs: `validation` among them is not looked at.
        folder: for checkpoints.
        resume: go on from the checkpoint there, if there is one.
        report: told how far the fit is.
        team: the processes that the rows are divided among.

    Raises:
        ConfigurationError, TrainingError, ModelError: as `fit`.
    """
    # Whatever is random inside the flow (dropout, noise) draws from torch's own generator.
    with seeded(knobs.seed), _memory(flow, knobs):
        state = _begin(flow, train, knobs, team)
        identity = _identity(flow, train, validation, knobs, team)
        kept = Checkpoint(folder, state, identity) if folder else None
        with team.agreed():
            history = kept.load() if kept and resume else []
        if flow.memory == "lean" and drifted(history):
            flow.memory = "recompute"
        after_epoch = partial(kept.save, history) if kept and team.leads else nothing
        terms = compiled_terms(flow, train, knobs) if knobs.compile else shared_terms(flow, team)
        loop = Loop(state, train, validation, knobs, history, report, after_epoch, terms, team)
        stopped = loop.run()
    counters = state.counters
    nll = counters.best_nll if validation is not None else None
    return FitResult(flow, history, nll, counters.best_epoch, counters.seconds, stopped, knobs)


@contextmanager
def _memory(flow: Flow, settings: Settings) -> Iterator[None]:
    """Inside, the flow's memory is what the settings say; afterwards it is as it was."""
    before = flow.memory
    if settings.memory is not None:
        flow.memory = settings.memory
    try:
        yield
    finally:
        flow.memory = before


def _begin(flow: Flow, train: Rows, settings: Settings, team: Team) -> State:
    """The state before the first step."""
    if not any(p.requires_grad for p in flow.parameters()):
        raise ConfigurationError("The flow has no trainable parameters; there is nothing to fit.")
    if settings.precision == "bf16" and train.x.dtype != torch.float32:
        name = str(train.x.dtype).removeprefix("torch.")
        raise ConfigurationError(
            f'precision="bf16" is for a float32 flow, but this one is {name}; leave it out.'
        )
    if settings.compile and team.size > 1:
        raise ConfigurationError("compile=True is for one process; leave it out.")
    flow.eval()
    team.follow(flow.state_dict().values())
    if not bool(flow.initialized):
        first = some(train, STARTED_ON, team)
        flow.initialize(first.x, first.context, first.uneven)
    matrices = [p for p in flow.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in flow.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    state = State(flow, optimizer, torch.Generator().manual_seed(settings.seed))
    state.begin()
    return state


def _identity(
    flow: Flow, train: Rows, validation: Rows | None, settings: Settings, team: Team
) -> dict[str, Any]:
    """What must be the same for a checkpoint to be continued, by however many processes."""
    sums = [
        fingerprint([t for t in (rows.x, rows.context, rows.weight) if t is not None], start, team)
        for rows in (train, validation)
        if rows is not None
        for start in (rows.start if isinstance(rows, Shard) else 0,)
    ]
    made_by = flow.made_by or {"recipe": None, "arguments": {}}
    return {
        **{k: v for k, v in asdict(settings).items() if k not in MAY_CHANGE},
        "the recipe": made_by["recipe"],
        **{f"the flow's {name}": value for name, value in made_by["arguments"].items()},
        "the dtype": str(train.x.dtype),
        "the data's fingerprint": "".join(sums),
    }
