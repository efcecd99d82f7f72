"""normflows: its wrappers around layers without residual connections, to have our parameters."""

from __future__ import annotations

from typing import Any

import normflows as nf
from normflows.flows.neural_spline.autoregressive import (
    MaskedPiecewiseRationalQuadraticAutoregressive,
)
from normflows.flows.neural_spline.coupling import PiecewiseRationalQuadraticCoupling
from torch import Tensor, nn

from benchmarks.work import BOUND, Case
from benchmarks.workers.nets import Dense, alternating_mask
from benchmarks.workers.torch_entry import TorchEntry


class Normflows(TorchEntry):
    """The wrappers fix residual networks of another size; their inner layer is put in anew."""

    def build(self, case: Case) -> nn.Module:
        layers = [layer for i in range(case.layers) for layer in self._layers(case, i)]
        base = nf.distributions.DiagGaussian(case.features, trainable=False)
        return nf.NormalizingFlow(base, layers)

    def _layers(self, case: Case, i: int) -> list[nn.Module]:
        d, width, blocks = case.features, case.hidden[0], len(case.hidden) - 1
        spline: dict[str, Any] = {"num_bins": case.bins, "tails": "linear", "tail_bound": BOUND}
        if case.model == "nsf-c":
            layer = nf.flows.CoupledRationalQuadraticSpline(d, 1, 1, num_bins=case.bins)
            layer.prqct = PiecewiseRationalQuadraticCoupling(
                alternating_mask(d, i), lambda a, b: Dense(a, case.hidden, b), **spline
            )
            return [layer]
        if case.model == "realnvp":
            moved = d - d // 2 if i % 2 == 0 else d // 2
            net = Dense(d - moved, case.hidden, 2 * moved)
            split = "channel" if i % 2 else "channel_inv"
            return [nf.flows.AffineCouplingBlock(net, split_mode=split)]
        if case.model == "nsf-ar":
            layer = nf.flows.AutoregressiveRationalQuadraticSpline(d, 1, 1, num_bins=case.bins)
            layer.mprqat = MaskedPiecewiseRationalQuadraticAutoregressive(
                d, width, num_blocks=blocks, use_residual_blocks=False, **spline
            )
        else:
            # Its own orientation is an IAF's: one pass to sample, D to evaluate.
            layer = nf.flows.Reverse(
                nf.flows.MaskedAffineAutoregressive(
                    d, width, num_blocks=blocks, use_residual_blocks=False
                )
            )
        return [layer, nf.flows.Permute(d, mode="swap")]

    @staticmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        return module.log_prob(x)

    @staticmethod
    def draw(module: nn.Module, n: int) -> Any:
        return module.sample(n)

    @staticmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        return module.inverse(x)

    @staticmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        return module.forward(z)
