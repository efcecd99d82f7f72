"""What the entries on PyTorch share: the training step, the check, and compilation."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.work import THREADS, Case
from benchmarks.workers.base import CHECKED_ROWS, FLOAT32_ROWS, PERTURBATION, Entry, Missing, rows


class TorchEntry(Entry):
    """A flow over a standard normal, as functions of a module (so that a copy can be checked).

    Where `compiled`, log_prob and the training step go through torch.compile, and sampling too if
    both directions take one pass; a loop over D coordinates would unroll into hours of compiling.
    """

    def __init__(self, case: Case, compiled: bool = False) -> None:
        super().__init__(case)
        torch.set_num_threads(THREADS)
        torch.manual_seed(0)
        self.module = self.build(case)
        self._x = torch.from_numpy(rows(case.train_rows, case.features))
        self._evaluated = torch.from_numpy(rows(case.eval_rows, case.features, seed=1))
        weights = [p for p in self.module.parameters() if p.requires_grad]
        self.params = sum(p.numel() for p in weights)
        self.optimizer = self.make_optimizer(weights)
        self._density: Callable[..., Tensor] = self.density
        self._draw: Callable[..., Any] = self.draw
        if compiled:
            self._density = torch.compile(self.density, dynamic=False)
            self._draw = torch.compile(self.draw, dynamic=False)
        self._loops = compiled and not case.coupling

    @abstractmethod
    def build(self, case: Case) -> nn.Module:
        """The flow."""

    @staticmethod
    @abstractmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        """log p(x), shape (n)."""

    @staticmethod
    @abstractmethod
    def draw(module: nn.Module, n: int) -> Any:
        """n samples."""

    @staticmethod
    @abstractmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        """Data to latents."""

    @staticmethod
    @abstractmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        """Latents to data."""

    def make_optimizer(self, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Adam in its fastest form, for every library alike."""
        return torch.optim.Adam(weights, 1e-3, fused=True)

    def train(self) -> None:
        self.optimizer.zero_grad()
        loss = -self._density(self.module, self._x).mean()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def log_prob(self) -> None:
        self._density(self.module, self._evaluated)

    @torch.no_grad()
    def sample(self) -> None:
        if self._loops:
            raise Missing("sampling is not compiled, since it loops over D coordinates")
        self._draw(self.module, self.case.sample_rows)

    def perturb(self) -> None:
        """Move every weight a little, in place: fresh flows are close to the identity."""
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for p in self.module.parameters():
                if p.requires_grad:
                    p.add_(PERTURBATION * torch.randn(p.shape, generator=generator))

    def check(self) -> dict[str, float]:
        self.perturb()
        exact = copy.deepcopy(self.module).double()
        x = torch.from_numpy(rows(CHECKED_ROWS, self.case.features, seed=2)).double()
        with torch.no_grad():
            z = self.encode(exact, x)
            back = self.decode(exact, z)
            normal = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
            log_det = self.density(exact, x) - normal
            # The batch that is timed, whole: another size would compile another function.
            near = self._density(self.module, self._evaluated)[:FLOAT32_ROWS].double()
            many = self._evaluated[:FLOAT32_ROWS].double()
            difference = (near - self.density(exact, many)).abs().max()
        jacobians = [
            torch.autograd.functional.jacobian(
                lambda row: self.encode(exact, row[None])[0], row.clone()
            )
            for row in x
        ]
        true = torch.linalg.slogdet(torch.stack(jacobians)).logabsdet
        return {
            "round_trip": float((back - x).abs().max()),
            "log_det": float((log_det - true).abs().max()),
            "float32": float(difference),
        }
