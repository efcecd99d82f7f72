"""Our own flows, as a user calls them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import pushforward as pf
from benchmarks.work import Case
from benchmarks.workers.torch_entry import TorchEntry


class Pushforward(TorchEntry):
    """The recipes, without a scaler, which the peers lack."""

    def build(self, case: Case) -> nn.Module:
        return flow(case)

    def make_optimizer(self, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(weights, 1e-3, fused=True)  # what pf.fit uses

    @staticmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        return module.log_prob(x)

    @staticmethod
    def draw(module: nn.Module, n: int) -> Any:
        return module.sample((n,))

    @staticmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        return module.encode(x)

    @staticmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        return module.decode(z)


def flow(case: Case) -> pf.Flow:
    """The flow of a case."""
    sizes: dict[str, Any] = {"layers": case.layers, "hidden": case.hidden, "scaler": "none"}
    if case.spline:
        wiring = "coupling" if case.coupling else "autoregressive"
        return pf.flows.nsf(case.features, wiring=wiring, bins=case.bins, **sizes)
    recipe = pf.flows.realnvp if case.coupling else pf.flows.maf
    return recipe(case.features, **sizes)
