"""nflows: masked networks without residual connections, so that the parameters are ours."""

from __future__ import annotations

from typing import Any

from nflows.distributions import StandardNormal
from nflows.flows import Flow
from nflows.transforms import (
    AffineCouplingTransform,
    CompositeTransform,
    MaskedAffineAutoregressiveTransform,
    MaskedPiecewiseRationalQuadraticAutoregressiveTransform,
    PiecewiseRationalQuadraticCouplingTransform,
    ReversePermutation,
)
from torch import Tensor, nn

from benchmarks.work import BOUND, Case
from benchmarks.workers.nets import Dense, alternating_mask
from benchmarks.workers.torch_entry import TorchEntry


class Nflows(TorchEntry):
    """One feed-forward block gives two hidden layers, as everywhere here."""

    def build(self, case: Case) -> nn.Module:
        self.notes.append("autoregressive: num_blocks=1, use_residual_blocks=False")
        spline: dict[str, Any] = {"num_bins": case.bins, "tails": "linear", "tail_bound": BOUND}
        made: dict[str, Any] = {
            "features": case.features,
            "hidden_features": case.hidden[0],
            "num_blocks": len(case.hidden) - 1,
            "use_residual_blocks": False,
        }

        def net(inputs: int, outputs: int) -> nn.Module:
            return Dense(inputs, case.hidden, outputs)

        layers: list[nn.Module] = []
        for i in range(case.layers):
            mask = alternating_mask(case.features, i)
            if case.model == "nsf-c":
                layers.append(PiecewiseRationalQuadraticCouplingTransform(mask, net, **spline))
            elif case.model == "realnvp":
                layers.append(AffineCouplingTransform(mask, net))
            elif case.model == "nsf-ar":
                layers.append(
                    MaskedPiecewiseRationalQuadraticAutoregressiveTransform(**made, **spline)
                )
            else:
                layers.append(MaskedAffineAutoregressiveTransform(**made))
            if not case.coupling:
                layers.append(ReversePermutation(case.features))
        return Flow(CompositeTransform(layers), StandardNormal([case.features]))

    @staticmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        return module.log_prob(x)

    @staticmethod
    def draw(module: nn.Module, n: int) -> Any:
        return module.sample(n)

    @staticmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        return module._transform(x)[0]

    @staticmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        return module._transform.inverse(z)[0]
