"""zuko: its own recipes, with the widths and bins of the case."""

from __future__ import annotations

from typing import Any

import zuko
from torch import Tensor, nn

from benchmarks.work import Case
from benchmarks.workers.torch_entry import TorchEntry


class Zuko(TorchEntry):
    """A coupling spline is NICE with its spline as the univariate map, as its manual advises."""

    def build(self, case: Case) -> nn.Module:
        sizes: dict[str, Any] = {"transforms": case.layers, "hidden_features": case.hidden}
        if case.model == "nsf-c":
            sizes["univariate"] = zuko.transforms.MonotonicRQSTransform
            sizes["shapes"] = [(case.bins,), (case.bins,), (case.bins - 1,)]
        if case.coupling:
            return zuko.flows.NICE(case.features, **sizes)  # affine where not told otherwise
        if case.spline:
            return zuko.flows.NSF(case.features, bins=case.bins, **sizes)
        return zuko.flows.MAF(case.features, **sizes)

    @staticmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        return module().log_prob(x)

    @staticmethod
    def draw(module: nn.Module, n: int) -> Any:
        return module().sample((n,))

    @staticmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        return module().transform(x)

    @staticmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        return module().transform.inv(z)
