"""Everything that a running fit changes, so that it can be stored, restored and undone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pushforward.flow import Flow


@dataclass
class Counters:
    """The plain numbers of a fit's state."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    rate_scale: float = 1.0  # halved at each step that had to be undone
    undone: int = 0
    best_nll: float | None = None
    best_epoch: int = 0
    best_progress: float = 0.0


@dataclass
class State:
    """A fit under way: weights, their running average, the best so far, optimiser, generators."""

    flow: Flow
    optimizer: torch.optim.AdamW
    shuffler: torch.Generator
    counters: Counters = field(default_factory=Counters)
    average: list[Tensor] = field(default_factory=list)
    best: list[Tensor] = field(default_factory=list)

    @property
    def parameters(self) -> list[Tensor]:
        """The flow's trainable tensors, in a fixed order."""
        return [p for p in self.flow.parameters() if p.requires_grad]

    @torch.no_grad()
    def begin(self) -> None:
        """Start the average and the best at the present weights, and AdamW's moments at zero."""
        self.average = [p.detach().clone() for p in self.parameters]
        self.best = [p.detach().clone() for p in self.parameters]
        for p in self.parameters:
            self.optimizer.state[p] = {
                "step": torch.zeros((), dtype=torch.float32, device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """average ← decay·average + (1 - decay)·weights; faster at first, when all is far off."""
        step = self.counters.step
        decay = min(decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.average, self.parameters, 1 - decay)

    @torch.no_grad()
    def exchange(self, tensors: list[Tensor]) -> None:
        """Swap the flow's weights with `tensors`, in place; twice is as if never."""
        for p, t in zip(self.parameters, tensors, strict=True):
            kept = p.detach().clone()
            p.copy_(t)
            t.copy_(kept)

    @torch.no_grad()
    def keep_as_best(self) -> None:
        """Take the flow's present weights for the best (in one assignment: Ctrl-C halves none)."""
        self.best = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def finish(self) -> None:
        """Leave the flow with its best weights, in evaluation mode; twice is as once."""
        for p, kept in zip(self.parameters, self.best, strict=True):
            p.copy_(kept)
            p.grad = None
        self.flow.eval()

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name: what a checkpoint stores."""
        named = {f"flow.{k}": v for k, v in self.flow.state_dict().items()}
        for i, p in enumerate(self.parameters):
            named[f"average.{i}"] = self.average[i]
            named[f"best.{i}"] = self.best[i]
            for k, v in self.optimizer.state[p].items():
                named[f"optimizer.{i}.{k}"] = v
        named["random.torch"] = torch.get_rng_state()
        named["random.shuffler"] = self.shuffler.get_state()
        return named

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor], randomness: bool = True) -> None:
        """Put back what `tensors()` gave; the random generators too unless told otherwise."""
        mine = self.tensors()
        for name, value in tensors.items():
            if not name.startswith("random."):
                mine[name].copy_(value)
        if randomness:
            torch.set_rng_state(tensors["random.torch"])
            self.shuffler.set_state(tensors["random.shuffler"])

    def snapshot(self) -> dict[str, Any]:
        """A copy of every tensor, to come back to."""
        return {name: value.clone() for name, value in self.tensors().items()}
