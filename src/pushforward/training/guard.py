"""When a step turns non-finite: which layer it was, and how the fit goes on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pushforward.flow import Flow
from pushforward.training.data import Rows
from pushforward.training.state import State
from pushforward.training.team import ALONE, Team

SNAPSHOT_EVERY = 100  # steps between the points that an undone step falls back to
MOST_UNDONE = 20  # after so many the fit ends with the best it has


def finite(value: Tensor) -> bool:
    """Is every number finite?"""
    return bool(value.isfinite().all())


def blame(flow: Flow, rows: Rows, team: Team = ALONE) -> str:
    """The first layer, on the way inwards, whose output or log-det is not finite.

    Where all are, in all processes, the first on the way back whose gradient is not: gradients come
    from the base. Returns text such as "layer 3 (Coupling)", counted from the base as in
    `flow.transform`.
    """
    inwards = team.first_said(_inwards(flow, rows))
    return inwards or _backwards(flow) or f"the base ({type(flow.base).__name__})"


@torch.no_grad()
def _inwards(flow: Flow, rows: Rows) -> str | None:
    """The first layer whose output or log-det is not finite, if there is one."""
    x, context = rows.x, rows.context
    if context is not None and flow.embed is not None:
        context = flow.embed(context)
    for i in reversed(range(len(flow.transform))):
        layer = flow.transform[i]
        x, log_det = layer.inverse(x, context)
        if not (finite(x) and finite(log_det)):
            return f"layer {i} ({type(layer).__name__})"
    return None


def _backwards(flow: Flow) -> str | None:
    """The first layer whose gradient is not finite, if there is one."""
    for i, layer in enumerate(flow.transform):
        if any(p.grad is not None and not finite(p.grad) for p in layer.parameters()):
            return f"the gradient of layer {i} ({type(layer).__name__})"
    return None


class Guard:
    """Keeps a recent good state; `undo` returns to it and halves the learning rate."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.saved = state.snapshot()

    def keep(self) -> None:
        """Called after each good step."""
        if self.state.counters.step % SNAPSHOT_EVERY == 0:
            self.saved = self.state.snapshot()

    def undo(self, layer: str) -> dict[str, Any]:
        """Go back to the last good state and on with half the rate; the event for the history.

        Args:
            layer: that is to blame.
        """
        counters = self.state.counters
        # The generators go on, so that the same batch does not come at once again.
        self.state.restore(self.saved, randomness=False)
        counters.rate_scale *= 0.5
        counters.undone += 1
        return {
            "event": "non-finite step undone",
            "epoch": counters.epoch + 1,
            "step": counters.step,
            "layer": layer,
            "rate_scale": counters.rate_scale,
        }
