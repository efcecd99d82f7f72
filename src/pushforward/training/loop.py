"""The training loop: epochs of guarded steps, judged by the averaged weights on rows set aside."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from pushforward.errors import TrainingError
from pushforward.numerics import in_chunks
from pushforward.training.data import Rows
from pushforward.training.guard import MOST_UNDONE, SNAPSHOT_EVERY, Guard, blame
from pushforward.training.progress import Progress
from pushforward.training.seeding import reseed
from pushforward.training.settings import Settings
from pushforward.training.state import State
from pushforward.training.team import ALONE, Team
from pushforward.training.terms import Terms

LOOKED_AT = 2**22  # numbers of images, before the first step
LEAST_EPOCHS = 10  # patience counts from here
LOOK_EVERY = 20  # steps on an accelerator between two looks at what they came to
LARGEST_DRIFT = 1e-3  # of lean memory, beyond which points are computed again instead


def mean_terms(terms: Terms, rows: Rows) -> tuple[Tensor, Tensor]:
    """-E log p_Z(f⁻¹(x)) and -E log|det ∂f⁻¹/∂x|, weighted; together the NLL in nats per row.

    Of one process among several: its rows' part in both.
    """
    prior, log_det = terms(rows.x, rows.context)
    return -(rows.weight * prior).sum() / rows.count, -(rows.weight * log_det).sum() / rows.count


@dataclass
class Tally:
    """The two terms of the NLL, added up over batches."""

    base: float = 0.0
    log_det: float = 0.0
    weight: float = 0.0

    def add(self, rows: int, base: float, log_det: float, weight: float) -> None:
        """Add what `mean_terms` gave for a batch of so many rows, and the sum of their weights."""
        self.base += base * rows
        self.log_det += log_det * rows
        self.weight += weight

    def figures(self) -> dict[str, float] | None:
        """The terms and their sum, nats per row; None where nothing was added."""
        if not self.weight:
            return None
        base, log_det = self.base / self.weight, self.log_det / self.weight
        return {"nll": base + log_det, "nll_base": base, "nll_log_det": log_det}


@torch.no_grad()
def evaluate(terms: Terms, rows: Rows, team: Team = ALONE) -> dict[str, float]:
    """The NLL of all processes' rows (one at least) and its two terms, nats per row, weighted."""
    weight = rows.weight.double()
    sums = [weight @ term.double() for term in in_chunks(terms, rows.x, rows.context)]
    *both, weights = team.total(torch.stack([*sums, weight.sum()])).tolist()
    base, log_det = (-one / weights for one in both)
    return {"nll": base + log_det, "nll_base": base, "nll_log_det": log_det}


@dataclass(frozen=True)
class Taken:
    """A step that was taken, and whose outcome nobody has looked at yet.

    Attributes:
        batch: its rows.
        before: the number of steps before it.
        figures: (5), on the device: whether it, or one since the last look, was not finite; both
            terms, the gradient's norm, and the sum of the weights.
    """

    batch: Rows
    before: int
    figures: Tensor


def steps_between_looks(device: torch.device) -> int:
    """How many steps are taken before the host asks the device what they came to.

    Every question makes the host wait until the device has caught up; on a CPU it costs nothing.
    """
    return 1 if device.type == "cpu" else LOOK_EVERY


def drifted(history: list[dict[str, Any]]) -> bool:
    """Has lean memory been too inexact in one of these epochs?"""
    drifts = (entry.get("memory_drift") for entry in history)
    return any(drift is not None and not drift <= LARGEST_DRIFT for drift in drifts)


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
        terms: the flow's `terms`, or the same compiled, or shared with other processes.
        team: the processes that the rows are divided among.
    """

    state: State
    train: Rows
    validation: Rows | None
    settings: Settings
    history: list[dict[str, Any]]
    progress: Progress
    after_epoch: Callable[[], None]
    terms: Terms
    team: Team = ALONE

    def __post_init__(self) -> None:
        self._pending: list[Taken] = []
        self._look_every = steps_between_looks(self.train.x.device)
        # From the first step that is not finite until the next look the optimiser skips every step
        # (as with `torch.amp.GradScaler`, whose names these are), without the host's help.
        self._found_inf = torch.zeros((), device=self.train.x.device)
        self.state.optimizer.found_inf = self._found_inf  # type: ignore[attr-defined]
        self._before = self.state.counters.seconds  # spent before a resume
        self._started = time.perf_counter()

    def run(self) -> str:
        """Train until one of the limits and say which; the flow ends with its best weights.

        So it does where something else ends the run: Ctrl-C, or a checkpoint that finds no room.
        """
        try:
            if self.state.counters.epoch == 0:
                with self.team.agreed():
                    self._refuse_bad_start()
            while (reason := self._reason_to_stop()) is None:
                self._epoch()
                self.after_epoch()
            return reason
        finally:
            del self.state.optimizer.found_inf  # type: ignore[attr-defined]
            self.state.finish()

    def share(self) -> float:
        """How far the run is, from 0 to 1: by steps, or by the clock where that is the limit."""
        counters = self.state.counters
        if self.settings.time_budget is not None:
            return min(self._elapsed() / self.settings.time_budget, 1.0)
        assert self.settings.epochs is not None
        per_epoch = -(-self.train.count // self.settings.batch_size)
        return min(counters.step / (per_epoch * self.settings.epochs), 1.0)

    def _elapsed(self) -> float:
        return self.team.led(self._before + time.perf_counter() - self._started)

    def _refuse_bad_start(self) -> None:
        rows = self.train
        if rows.x.ndim > 2:  # images, whose numbers lie alike: all would take a third of an epoch
            rows = next(rows.batches(max(LOOKED_AT // math.prod(rows.x.shape[1:]), 1)))
        figures = evaluate(self.state.flow.terms, rows, self.team)
        if not math.isfinite(figures["nll"]):
            raise TrainingError(
                "The NLL is not finite before the first step: at "
                f"{blame(self.state.flow, self.train, self.team)}. Some rows lie outside the "
                "flow's support, or are too extreme for it; look at them, or choose another flow."
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
        if self.team.rank:  # other dropout than the leader's, whose generator a checkpoint keeps
            reseed(settings.seed, state.counters.epoch, self.team.rank)
        tally, norms = Tally(), list[float]()
        waiting = self.train.shuffled(settings.batch_size, state.shuffler)
        batch = next(waiting, None)
        while batch is not None:
            self._pending.append(self._step(batch))
            batch = next(waiting, None)
            if batch is None or self._look_is_due():
                again = self._look(guard, tally, norms)
                if again:
                    waiting = chain(again, () if batch is None else (batch,), waiting)
                    batch = next(waiting)
            if state.counters.undone >= MOST_UNDONE:
                break
            share = self.share()
            self.progress(share)
            if settings.time_budget is not None and share >= 1:
                break
        self._look(guard, tally, norms)
        state.counters.epoch += 1
        entry = self._judge(tally.figures(), norms)
        state.counters.seconds = self._elapsed()
        entry["seconds"] = round(state.counters.seconds, 3)
        self.history.append(entry)
        self._note_drift(entry)
        self.progress(self.share(), entry)

    def _step(self, batch: Rows) -> Taken:
        """One step of AdamW, which leaves every weight as it was where it is not finite."""
        state, before = self.state, self.state.counters.step
        rate = self.settings.rate(self.share()) * state.counters.rate_scale
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        own = (*self._differentiate(batch), batch.weight.sum())
        base, log_det, weight = self.team.total(torch.stack(own))
        norm = get_total_norm([p.grad for p in state.parameters if p.grad is not None])
        bad = ~(base + log_det + norm).isfinite()
        self._found_inf.copy_(torch.maximum(self._found_inf, bad.to(self._found_inf)))
        clip_grads_with_norm_(state.parameters, self.settings.clip, norm)
        state.optimizer.step()
        state.counters.step += 1
        state.update_average(self.settings.ema)
        figures = (self._found_inf, base, log_det, norm, weight)
        return Taken(batch, before, torch.stack([figure.to(base) for figure in figures]))

    def _differentiate(self, batch: Rows) -> tuple[Tensor, Tensor]:
        """The gradients of the batch's NLL; gives its two terms."""
        self.state.optimizer.zero_grad(set_to_none=True)
        low = self.settings.precision == "bf16"
        with torch.autocast(batch.x.device.type, torch.bfloat16, enabled=low):
            base, log_det = mean_terms(self.terms, batch)
        ((base + log_det) * self.team.size).backward()  # for the mean over processes is taken
        return base.detach(), log_det.detach()

    def _look_is_due(self) -> bool:
        """Every so many steps, and before the guard would keep what nobody has looked at."""
        return (
            len(self._pending) >= self._look_every or self.state.counters.step % SNAPSHOT_EVERY == 0
        )

    def _look(self, guard: Guard, tally: Tally, norms: list[float]) -> list[Rows]:
        """See what the steps since the last look came to: the one moment when the host waits.

        The first that was not finite is undone, and so are those after it, as if it had been seen
        at once; their batches are given back, to be taken again.
        """
        taken, self._pending = self._pending, []
        outcomes = torch.stack([one.figures for one in taken]).tolist() if taken else []
        for i, (one, (bad, base, log_det, norm, weight)) in enumerate(
            zip(taken, outcomes, strict=True)
        ):
            if bad:
                self._undo(one, guard)
                ended = self.state.counters.undone >= MOST_UNDONE
                return [] if ended else [later.batch for later in taken[i + 1 :]]
            tally.add(one.batch.count, base, log_det, weight)
            norms.append(norm)
        if taken:
            guard.keep()
        return []

    def _undo(self, one: Taken, guard: Guard) -> None:
        """Go back to the last good state; the weights are still those that the step met."""
        self._found_inf.zero_()
        self.state.counters.step = one.before
        self._differentiate(one.batch)  # as they were before clipping spread a NaN over every layer
        self.history.append(guard.undo(blame(self.state.flow, one.batch, self.team)))

    def _note_drift(self, entry: dict[str, Any]) -> None:
        """How exact lean memory was; where that is not enough, points are computed again from now.

        The history is also how a resumed fit knows of it.
        """
        flow = self.state.flow
        if flow.memory == "lean":
            drift = flow.take_drift()
            entry["memory_drift"] = None if drift is None else self.team.largest(drift)
            if drifted(self.history):
                flow.memory = "recompute"

    def _judge(self, train: dict[str, float] | None, norms: list[float]) -> dict[str, Any]:
        """Judge the averaged weights, keep them where they are the best, and describe the epoch."""
        state, counters = self.state, self.state.counters
        state.exchange(state.average)
        state.flow.eval()
        flow, rows = state.flow, self.validation
        judged = None if rows is None else evaluate(flow.terms, rows, self.team)
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
