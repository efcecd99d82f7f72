"""`fit_target`: a flow fitted to a density that can be evaluated but not sampled from."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, TrainingError
from pushforward.flow import Flow
from pushforward.training.data import Rows
from pushforward.training.guard import MOST_UNDONE, Guard, blame, finite
from pushforward.training.importance import (
    Importance,
    LogDensity,
    generator_like,
    importance,
    scored,
)
from pushforward.training.progress import Progress, bar
from pushforward.training.seeding import seeded
from pushforward.training.settings import Settings
from pushforward.training.state import State

ENTRIES = 100  # of the history, in a fit that is not cut short
COLDEST = 0.01  # weight of log p where annealing begins


@dataclass(frozen=True, kw_only=True)
class TargetResult(Importance):
    """What a fit to a target came to: the figures of `Importance`, and how it went.

    Attributes:
        flow: the flow that was given, fitted.
        history: the mean of -ELBO = E_q[log q - log p] over each hundredth of the run, nats, and
            the steps that were undone.
        seconds: time spent fitting and judging.
        stopped: why it ended, in words.
    """

    flow: Flow
    history: list[dict[str, Any]]
    seconds: float
    stopped: str


def fit_target(
    flow: Flow,
    log_density: LogDensity,
    *,
    steps: int = 2000,
    batch_size: int = 256,
    learning_rate: float = 5e-3,
    warmup: float = 0.02,
    clip: float = 5.0,
    anneal: float = 0.0,
    draws: int = 10_000,
    seed: int = 0,
    progress: bool = False,
) -> TargetResult:
    """Fit q to p by the reverse divergence KL(q‖p) = E_q[log q - log p] + log Z.

    Draws x = f(z) are differentiated through (reparameterised); Adam with a warm-up and a cosine,
    clipped gradients; a step that turns out non-finite is undone and training goes on with half
    the rate. This divergence prefers to leave a part of p out rather than to cover where p is
    small: `anneal`, or the best of several seeds, helps it to find every mode.

    With a fixed number of threads, the same seed gives the same weights bit for bit.

    Args:
        flow: trained in place, without a context. Its forward should be explicit ("forward" in
            `flow.transform.cheap`), or every step searches for roots.
        log_density: any function x (n, *event) -> log p(x) (n) that torch can differentiate, in
            nats; p need not be normalised, but must be positive wherever the flow has samples.
        steps: of Adam.
        batch_size: draws a step.
        learning_rate: at its peak.
        warmup: share of the run over which the rate rises from zero.
        clip: largest norm of the gradient.
        anneal: share of the run over which log p's weight rises from 0.01 to 1 (Rezende & Mohamed
            2015, section 6.1), 0 for none.
        draws: for the figures at the end.
        seed: of all draws.
        progress: show a bar.

    Raises:
        ShapeError: what `log_density` returns does not fit, or is NaN.
        ConfigurationError: settings without a meaning, nothing to train, or a `log_density` whose
            result has no gradient.
        TrainingError: no finite divergence at the start.

    Example:
        >>> import pushforward as pf
        >>> flow = pf.flows.planar(2, layers=1)
        >>> result = pf.fit_target(flow, lambda x: -0.5 * (x - 1).square().sum(-1), steps=20)
        >>> result.stopped, result.ess > 1000
        ('all steps were run', True)
    """
    started = time.perf_counter()
    _accept(flow, steps=steps, draws=draws, anneal=anneal)
    knobs = Settings(
        epochs=1,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup=warmup,
        clip=clip,
        seed=seed,
    )
    with seeded(knobs.seed), bar(progress) as report:
        fit = _TargetFit(flow, log_density, knobs, steps, anneal)
        stopped = fit.run(report)
        judged = importance(flow, log_density, draws, seed=knobs.seed + 1)
    return TargetResult(
        **asdict(judged),
        flow=flow,
        history=fit.history,
        seconds=time.perf_counter() - started,
        stopped=stopped,
    )


def _accept(flow: Flow, steps: int, draws: int, anneal: float) -> None:
    """Refuse what `Settings` does not know of."""
    if flow.context_features:
        raise ConfigurationError(
            f"fit_target fits one density, but this flow takes a context of "
            f"{flow.context_features} features; make one without."
        )
    if not any(p.requires_grad for p in flow.parameters()):
        raise ConfigurationError("The flow has no trainable parameters; there is nothing to fit.")
    for name, value, least in (("steps", steps, 1), ("draws", draws, 2)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(
                f"{name} must be a whole number of at least {least}, but is {value!r}."
            )
    if not 0 <= anneal < 1:
        raise ConfigurationError(f"anneal must be at least 0 and below 1, but is {anneal}.")


class _TargetFit:
    """One fit under way."""

    def __init__(
        self, flow: Flow, log_density: LogDensity, knobs: Settings, steps: int, anneal: float
    ) -> None:
        self.flow, self.log_density, self.knobs = flow, log_density, knobs
        self.steps, self.anneal = steps, anneal
        self.history: list[dict[str, Any]] = []
        parameters = [p for p in flow.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, knobs.learning_rate, weight_decay=0.0, fused=True)
        self.state = State(flow, optimizer, generator_like(flow, knobs.seed))
        self.state.begin()

    def run(self, report: Progress) -> str:
        """Take all the steps, and say why it ended; the flow is left in evaluation mode."""
        self._refuse_bad_start()
        guard, values, norms = Guard(self.state), [], []
        every = max(self.steps // ENTRIES, 1)
        self.flow.train()
        try:
            for step in range(1, self.steps + 1):
                outcome = self._step(guard, step / self.steps)
                if outcome is not None:
                    values.append(outcome[0])
                    norms.append(outcome[1])
                elif self.state.counters.undone >= MOST_UNDONE:
                    return f"{MOST_UNDONE} steps were not finite; the last good weights are kept"
                if step % every == 0 and values:
                    self._note(step, values, norms)
                    values, norms = [], []
                report(step / self.steps)
            return "all steps were run"
        finally:
            self.state.optimizer.zero_grad(set_to_none=True)
            self.flow.eval()

    def _refuse_bad_start(self) -> None:
        x, log_q = self._draw()
        log_p = scored(self.log_density, x)
        if not log_p.requires_grad:
            raise ConfigurationError(
                "What log_density returns has no gradient with respect to x; write it in torch, "
                "without detach, item or NumPy."
            )
        if not finite(log_q.detach() - log_p.detach()):
            outside = int((log_p == -math.inf).sum())
            raise TrainingError(
                f"KL(q‖p) is not finite before the first step: log_density is -inf at {outside} of "
                f"{len(x)} samples of the flow. It must be finite wherever the flow has samples; "
                "let it fall smoothly instead, or choose a flow that stays inside."
            )

    def _draw(self) -> tuple[Tensor, Tensor]:
        return self.flow.sample_and_log_prob(
            (self.knobs.batch_size,), generator=self.state.shuffler
        )

    def _step(self, guard: Guard, share: float) -> tuple[Tensor, Tensor] | None:
        """One step of Adam: -ELBO and the gradient's norm; None where it had to be undone."""
        state, knobs = self.state, self.knobs
        for group in state.optimizer.param_groups:
            group["lr"] = knobs.rate(share) * state.counters.rate_scale
        state.optimizer.zero_grad(set_to_none=True)
        x, log_q = self._draw()
        log_p = scored(self.log_density, x)
        warmth = 1.0 if share >= self.anneal else COLDEST + (1 - COLDEST) * share / self.anneal
        (log_q - warmth * log_p).mean().backward()
        norm = torch.nn.utils.clip_grad_norm_(state.parameters, knobs.clip)
        value = (log_q - log_p).mean().detach()
        if not finite(value + norm):
            event = guard.undo(blame(state.flow, Rows(x.detach(), None, torch.ones_like(log_q))))
            if finite(x.detach()) and not finite(log_p.detach()):
                event["layer"] = "the target"
            del event["epoch"]
            self.history.append(event)
            return None
        state.optimizer.step()
        state.counters.step += 1
        guard.keep()
        return value, norm

    def _note(self, step: int, values: list[Tensor], norms: list[Tensor]) -> None:
        self.history.append(
            {
                "step": step,
                "negative_elbo": torch.stack(values).mean().item(),
                "gradient_norm": torch.stack(norms).median().item(),
                "learning_rate": self.state.optimizer.param_groups[0]["lr"],
            }
        )
