"""The training loop: epochs of guarded steps, judged by the averaged weights on rows set aside."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from pushforward.errors import TrainingError
from pushforward.flow import Flow
from pushforward.training.data import Rows
from pushforward.training.guard import MOST_UNDONE, Guard, blame, finite
from pushforward.training.progress import Progress
from pushforward.training.settings import Settings
from pushforward.training.state import State

EVALUATION_ROWS = 8192  # rows judged at a time
LEAST_EPOCHS = 10  # patience counts from here


def mean_terms(flow: Flow, rows: Rows) -> tuple[Tensor, Tensor]:
    """-E log p_Z(f⁻¹(x)) and -E log|det ∂f⁻¹/∂x|, weighted; together the NLL in nats per row."""
    prior, log_det = flow.terms(rows.x, rows.context)
    return -(rows.weight * prior).mean(), -(rows.weight * log_det).mean()


@dataclass
class Tally:
    """The two terms of the NLL, added up over batches."""

    base: float = 0.0
    log_det: float = 0.0
    weight: float = 0.0

    def add(self, batch: Rows, base: Tensor, log_det: Tensor) -> None:
        """Add what `mean_terms` gave for a batch."""
        self.base += float(base) * len(batch)
        self.log_det += float(log_det) * len(batch)
        self.weight += float(batch.weight.sum())

    def figures(self) -> dict[str, float] | None:
        """The terms and their sum, nats per row; None where nothing was added."""
        if not self.weight:
            return None
        base, log_det = self.base / self.weight, self.log_det / self.weight
        return {"nll": base + log_det, "nll_base": base, "nll_log_det": log_det}


@torch.no_grad()
def evaluate(flow: Flow, rows: Rows) -> dict[str, float]:
    """The NLL of the rows (one at least) and its two terms, nats per row, weighted."""
    tally = Tally()
    for batch in rows.batches(EVALUATION_ROWS):
        tally.add(batch, *mean_terms(flow, batch))
    figures = tally.figures()
    assert figures is not None
    return figures


def nothing() -> None:
    """Keep no checkpoint."""


@dataclass
class Loop:
    """One fit under way.

    Attributes:
        state: everything that changes.
        train, validation: the rows to learn from, and to judge by (None: judge by the former).
        settings: the knobs.
        history: what happened, one entry an epoch or event.
        progress: told at every step.
        after_epoch: called when an epoch has ended, to write a checkpoint.
    """

    state: State
    train: Rows
    validation: Rows | None
    settings: Settings
    history: list[dict[str, Any]]
    progress: Progress
    after_epoch: Callable[[], None]

    def __post_init__(self) -> None:
        self._before = self.state.counters.seconds  # spent before a resume
        self._started = time.perf_counter()

    def run(self) -> str:
        """Train until one of the limits and say which; the flow ends with its best weights.

        So it does where something else ends the run: Ctrl-C, or a checkpoint that finds no room.
        """
        try:
            if self.state.counters.epoch == 0:
                self._refuse_bad_start()
            while (reason := self._reason_to_stop()) is None:
                self._epoch()
                self.after_epoch()
            return reason
        finally:
            self.state.finish()

    def share(self) -> float:
        """How far the run is, from 0 to 1: by steps, or by the clock where that is the limit."""
        counters = self.state.counters
        if self.settings.time_budget is not None:
            return min(self._elapsed() / self.settings.time_budget, 1.0)
        assert self.settings.epochs is not None
        per_epoch = -(-len(self.train) // self.settings.batch_size)
        return min(counters.step / (per_epoch * self.settings.epochs), 1.0)

    def _elapsed(self) -> float:
        return self._before + time.perf_counter() - self._started

    def _refuse_bad_start(self) -> None:
        figures = evaluate(self.state.flow, self.train)
        if not math.isfinite(figures["nll"]):
            raise TrainingError(
                "The NLL is not finite before the first step: at "
                f"{blame(self.state.flow, self.train)}. Some rows lie outside the flow's support, "
                "or are too extreme for it; look at them, or choose another flow."
            )

    def _reason_to_stop(self) -> str | None:
        counters, settings = self.state.counters, self.settings
        if counters.undone >= MOST_UNDONE:
            return f"{counters.undone} steps were not finite; the best model so far is kept"
        if settings.time_budget is not None and self.share() >= 1:
            return "the time budget was used"
        if settings.epochs is not None and counters.epoch >= settings.epochs:
            return "all epochs were run"
        waited = self.share() - counters.best_progress
        if (
            self.validation is not None
            and waited > settings.patience
            and counters.epoch - counters.best_epoch >= LEAST_EPOCHS
        ):
            return f"no better validation NLL since epoch {counters.best_epoch}"
        return None

    def _epoch(self) -> None:
        state, settings = self.state, self.settings
        guard = Guard(state)
        state.flow.train()
        tally, norms = Tally(), []
        for batch in self.train.shuffled(settings.batch_size, state.shuffler):
            outcome = self._step(batch)
            if outcome is None:
                self.history.append(guard.undo(batch))
                if state.counters.undone >= MOST_UNDONE:
                    break
            else:
                base, log_det, norm = outcome
                tally.add(batch, base, log_det)
                norms.append(norm)
                guard.keep()
            share = self.share()
            self.progress(share)
            if settings.time_budget is not None and share >= 1:
                break
        state.counters.epoch += 1
        entry = self._judge(tally.figures(), norms)
        state.counters.seconds = self._elapsed()
        entry["seconds"] = round(state.counters.seconds, 3)
        self.history.append(entry)
        self.progress(self.share(), entry)

    def _step(self, batch: Rows) -> tuple[Tensor, Tensor, float] | None:
        """One step of AdamW; gives both terms and the gradient's norm.

        None, with every weight as it was, where one of these is not finite.
        """
        state = self.state
        rate = self.settings.rate(self.share()) * state.counters.rate_scale
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        state.optimizer.zero_grad(set_to_none=True)
        base, log_det = mean_terms(state.flow, batch)
        (base + log_det).backward()
        norm = get_total_norm([p.grad for p in state.parameters if p.grad is not None])
        if not finite(base + log_det + norm):
            return None  # before clipping, which would spread a NaN over every layer
        clip_grads_with_norm_(state.parameters, self.settings.clip, norm)
        state.optimizer.step()
        state.counters.step += 1
        state.update_average(self.settings.ema)
        return base.detach(), log_det.detach(), float(norm)

    def _judge(self, train: dict[str, float] | None, norms: list[float]) -> dict[str, Any]:
        """Judge the averaged weights, keep them where they are the best, and describe the epoch."""
        state, counters = self.state, self.state.counters
        state.exchange(state.average)
        judged = None if self.validation is None else evaluate(state.flow.eval(), self.validation)
        nll = judged["nll"] if judged else -float(counters.epoch)  # without judges: the latest
        better = nll < (math.inf if counters.best_nll is None else counters.best_nll)
        share = self.share()
        if better:
            state.keep_as_best()
            counters.best_nll, counters.best_epoch = nll, counters.epoch
            counters.best_progress = share
        state.exchange(state.average)
        return {
            "epoch": counters.epoch,
            "step": counters.step,
            "learning_rate": self.settings.rate(share) * counters.rate_scale,
            "gradient_norm": statistics.median(norms) if norms else None,
            "train": train,
            "validation": judged,
            "best": better,
        }
