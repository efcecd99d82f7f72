"""FrEIA: affine couplings only; its release has neither splines nor autoregressive flows."""

from __future__ import annotations

import math
from typing import Any

import FrEIA.framework as ff
import FrEIA.modules as fm
import torch
from torch import Tensor, nn

from benchmarks.work import Case
from benchmarks.workers.base import Missing
from benchmarks.workers.nets import Dense
from benchmarks.workers.torch_entry import TorchEntry


class Freia(TorchEntry):
    """RealNVP of one-sided affine couplings with hard permutations between."""

    def build(self, case: Case) -> nn.Module:
        if case.model != "realnvp":
            raise Missing("FrEIA 0.2 has no spline and no autoregressive flow")
        self.notes.append("AllInOneBlock, which adds an ActNorm and a permutation to each layer")
        flow = ff.SequenceINN(case.features)
        for _ in range(case.layers):
            flow.append(fm.AllInOneBlock, subnet_constructor=lambda a, b: Dense(a, case.hidden, b))
        return flow

    @staticmethod
    def density(module: nn.Module, x: Tensor) -> Tensor:
        z, log_det = module(x)
        return log_det - 0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)

    @staticmethod
    def draw(module: nn.Module, n: int) -> Any:
        return module(torch.randn(n, module.shapes[0][0]), rev=True)[0]

    @staticmethod
    def encode(module: nn.Module, x: Tensor) -> Tensor:
        return module(x)[0]

    @staticmethod
    def decode(module: nn.Module, z: Tensor) -> Tensor:
        return module(z, rev=True)[0]
