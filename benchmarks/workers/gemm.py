"""The floor: the bare matrix products of the same dense networks, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmarks.work import THREADS, Case
from benchmarks.workers.base import Entry, rows


class Gemm(Entry):
    """No bias, no activation, no mask, no map: what any flow with these conditioners must pay.

    Sampling is charged one forward pass, also of autoregressive flows.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        torch.set_num_threads(THREADS)
        torch.manual_seed(0)
        widths = (case.inputs, *case.hidden, case.outputs)
        self.weights = [
            [nn.Parameter(torch.randn(b, a) / a**0.5) for a, b in pairwise(widths)]
            for _ in range(case.layers)
        ]
        flat = [w for layer in self.weights for w in layer]
        self.params = sum(w.numel() for w in flat)
        self.notes.append("weights without biases; sampling is one forward pass")
        self.optimizer = torch.optim.Adam(flat, 1e-3, fused=True)
        self._x = torch.from_numpy(rows(case.train_rows, case.inputs))
        self._evaluated = torch.from_numpy(rows(case.eval_rows, case.inputs))
        self._noise = torch.from_numpy(rows(case.sample_rows, case.inputs))

    def products(self, x: Tensor) -> Tensor:
        """The chain of products of every layer; one column of each, summed, ties them together."""
        total = torch.zeros(())
        for layer in self.weights:
            h = x
            for w in layer:
                h = h @ w.t()
            total = total + h[:, 0]
        return total

    def train(self) -> None:
        self.optimizer.zero_grad()
        self.products(self._x).mean().backward()
        self.optimizer.step()

    @torch.no_grad()
    def log_prob(self) -> None:
        self.products(self._evaluated)

    @torch.no_grad()
    def sample(self) -> None:
        self.products(self._noise)
