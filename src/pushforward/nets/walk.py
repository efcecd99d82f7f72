"""A masked perceptron feature by feature, and back: each hidden unit once, each way.

Everything is kept as [units, rows], so that a block of units is a contiguous block of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pushforward.nets.mlp import INPUT_LIMIT

Activation = Callable[[Tensor], Tensor]


class MADEWalk:
    """The incremental evaluation of a `MADE`: a unit is computed when its last input is known.

    Args:
        order: the features as they come.
        n_params: parameters per feature.
        degrees: for each hidden layer, how many features each of its units waits for, ascending.
        function: the activation.
        weights: masked, (units, units below); the first with its columns in the walk's order.
        biases: (units, 1) or (units, rows).
        like: (rows, features), for dtype and device.
        record: keep what `sweep` needs.
    """

    def __init__(
        self,
        order: list[int],
        n_params: int,
        degrees: Sequence[Tensor],
        function: Activation,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        like: Tensor,
        record: bool,
    ) -> None:
        self.order, self.n_params, self.function = order, n_params, function
        self.weights, self.biases = weights, biases
        self.rows, self.step = len(like), 0
        # values[0] the inputs, values[i] what hidden layer i gives: filled from the top
        self.values = [like.new_empty(w.shape[1], self.rows) for w in weights]
        self.before = [torch.empty_like(v) for v in self.values[1:]] if record else []
        # ends[i][j]: how many units of hidden layer i are computable once j features are known
        steps = torch.arange(len(order))
        self.ends = [torch.searchsorted(d, steps, right=True).tolist() for d in degrees]

    def next(self) -> Tensor:
        for i, ends in enumerate(self.ends):
            block = slice(ends[self.step - 1] if self.step else 0, ends[self.step])
            if block.stop > block.start:
                values = self.values[i + 1][block]
                self._product(i, block, values)
                if self.before:
                    self.before[i][block] = values
                values.copy_(self.function(values))
        first = self.order[self.step] * self.n_params
        return self._product(len(self.ends), slice(first, first + self.n_params), None).t()

    def feed(self, value: Tensor) -> None:
        torch.clamp(value, -INPUT_LIMIT, INPUT_LIMIT, out=self.values[0][self.step])
        self.step += 1

    def sweep(self) -> MADESweep:
        return MADESweep(self)

    def known(self, layer: int, step: int) -> int:
        """How many of a layer's inputs are known once `step` features are."""
        return self.ends[layer - 1][step] if layer else step

    def _product(self, layer: int, rows: slice, out: Tensor | None) -> Tensor:
        known, bias = self.known(layer, self.step), self.biases[layer][rows]
        if not known:
            bias = bias.expand(-1, self.rows)
            return bias if out is None else out.copy_(bias)
        weight, values = self.weights[layer][rows, :known], self.values[layer][:known]
        return torch.addmm(bias, weight, values, out=out)


class MADESweep:
    """The walk in reverse, for cotangents: a unit's is complete when its last user has spoken."""

    def __init__(self, walk: MADEWalk) -> None:
        self.walk, self.step = walk, walk.step - 1
        # reaching[i]: cotangents of values[i], added up from the parameters fed so far
        self.reaching = [torch.zeros_like(v) for v in walk.values]
        self.slopes = [_slope(walk.function, before) for before in walk.before]
        self.inside = walk.values[0].abs() < INPUT_LIMIT
        outputs = len(walk.order) * walk.n_params
        self.given = walk.values[0].new_empty(outputs, walk.rows)

    def feed(self, grad_params: Tensor) -> None:
        walk = self.walk
        first = walk.order[self.step] * walk.n_params
        rows = slice(first, first + walk.n_params)
        self.given[rows] = grad_params.t()
        self._push(len(walk.ends), rows, self.given[rows])
        for i in reversed(range(len(walk.ends))):
            ends = walk.ends[i]
            block = slice(ends[self.step - 1] if self.step else 0, ends[self.step])
            if block.stop > block.start:
                reaching = self.reaching[i + 1][block].mul_(self.slopes[i][block])
                self._push(i, block, reaching)

    def next(self) -> Tensor:
        self.step -= 1
        return self.reaching[0][self.step] * self.inside[self.step]

    def finish(self) -> tuple[Tensor, ...]:
        """Cotangents of the weights (what masks forbid is left to the masks) and of the biases."""
        outer = [*self.reaching[1:], self.given]  # of each layer's sums, before its activation
        weights = [o @ v.t() for o, v in zip(outer, self.walk.values, strict=True)]
        biases = [
            o if b.shape[1] == o.shape[1] != 1 else o.sum(1, keepdim=True)
            for o, b in zip(outer, self.walk.biases, strict=True)
        ]
        return (*weights, *biases)

    def _push(self, layer: int, rows: slice, grad: Tensor) -> None:
        known = self.walk.known(layer, self.step)
        if known:
            weight = self.walk.weights[layer][rows, :known]
            self.reaching[layer][:known].addmm_(weight.t(), grad)


def _slope(function: Activation, before: Tensor) -> Tensor:
    """The activation's derivative, element by element."""
    with torch.enable_grad():
        before = before.detach().requires_grad_()
        return torch.autograd.grad(function(before).sum(), before)[0]
