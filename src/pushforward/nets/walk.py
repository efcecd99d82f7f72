"""A masked perceptron feature by feature, and back: each hidden unit once, each way.

Everything is kept as [units, rows], so that a block of units is a contiguous block of memory. Where
there is compiled code for the whole layer (`pushforward.kernels.layer`), that is taken instead.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.kernels.layer import INPUT_LIMIT, Plan
from pushforward.nets.mlp import activation_called

Pair = tuple[Tensor, Tensor]


class MADEWalk:
    """The incremental evaluation of a `MADE`: a unit is computed when its last input is known.

    Args:
        plan: which unit waits for which features.
        sources: each layer's masked weight (the first with its columns in the plan's order), then
            each layer's bias, (units, 1) or (units, rows).
        n_params: parameters per feature.
        like: (rows, features), for dtype and device.
    """

    def __init__(
        self, plan: Plan, sources: tuple[Tensor, ...], n_params: int, like: Tensor
    ) -> None:
        self.plan, self.n_params, self.rows, self.step = plan, n_params, len(like), 0
        self.weights, self.biases = halves(sources)
        self.function = activation_called(plan.activation)
        # values[0] the inputs, values[i] what hidden layer i gives: filled from the top
        self.values = [like.new_empty(w.shape[1], self.rows) for w in self.weights]

    def next(self) -> Tensor:
        for i, block in enumerate(blocks(self.plan, self.step)):
            if block.stop > block.start:
                values = self._product(i, block)
                self.values[i + 1][block] = self.function(values)
        first = self.plan.order[self.step] * self.n_params
        return self._product(len(self.plan.ends), slice(first, first + self.n_params)).t()

    def feed(self, value: Tensor) -> None:
        torch.clamp(value, -INPUT_LIMIT, INPUT_LIMIT, out=self.values[0][self.step])
        self.step += 1

    def _product(self, layer: int, rows: slice) -> Tensor:
        bias, weight = self.biases[layer][rows], self.weights[layer][rows]
        n = known(self.plan, layer, self.step)
        if not n:
            return bias.expand(-1, self.rows)
        return torch.addmm(bias, weight[:, :n], self.values[layer][:n])


def halves(sources: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Weights and biases."""
    count = len(sources) // 2
    return sources[:count], sources[count:]


def blocks(plan: Plan, step: int) -> list[slice]:
    """The units of each hidden layer that become computable with the feature before `step`."""
    return [slice(ends[step - 1] if step else 0, ends[step]) for ends in plan.ends]


def known(plan: Plan, layer: int, step: int) -> int:
    """How many of a layer's inputs are known once `step` features are."""
    return plan.ends[layer - 1][step] if layer else step


class MADESweep:
    """The walk in reverse, for cotangents: a unit's is complete when its last user has spoken.

    Args:
        plan, sources: as the walk's.
        n_params: parameters per feature.
        x: (rows, features), where the walk arrived.

    Attributes:
        params: (rows, features, n_params), by a dense pass at x.
    """

    def __init__(self, plan: Plan, sources: tuple[Tensor, ...], n_params: int, x: Tensor) -> None:
        self.plan, self.n_params = plan, n_params
        self.weights, self.biases = halves(sources)
        function = activation_called(plan.activation)
        inputs = x.t()[plan.order]
        self.inside = (inputs.abs() < INPUT_LIMIT).to(x.dtype)
        self.values, self.slopes = [inputs.clamp(-INPUT_LIMIT, INPUT_LIMIT)], []
        last = len(plan.ends)
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            sums = torch.addmm(bias, weight, self.values[i])
            if i < last:
                with torch.enable_grad():
                    before = sums.requires_grad_()
                    after = function(before)
                    (slope,) = torch.autograd.grad(after.sum(), before)
                self.values.append(after.detach())
                self.slopes.append(slope)
            else:
                self.params = sums.unflatten(0, (len(plan.order), n_params)).permute(2, 0, 1)

    def solve(
        self, grad_x: Tensor, by_x: Pair, by_slope: Pair
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Cotangents of value (rows, features), and of every weight and bias of the walk.

        Args:
            grad_x: (rows, features).
            by_x, by_slope: cotangents of value (rows, features) and of the parameters
                (rows, features, n_params), for one on x and for that on the log-slope.
        """
        tables = [_as_tables(pair) for pair in (by_x, by_slope)]
        grad_value, outer = self._sweep(grad_x.t(), *tables)
        # What masks forbid is left to the masks.
        weights = [o @ v.t() for o, v in zip(outer, self.values, strict=True)]
        biases = [
            o if b.shape[1] == o.shape[1] != 1 else o.sum(1, keepdim=True)
            for o, b in zip(outer, self.biases, strict=True)
        ]
        return grad_value.t(), (*weights, *biases)

    def _sweep(self, grad_x: Tensor, by_x: Pair, by_slope: Pair) -> tuple[Tensor, list[Tensor]]:
        """By tables (units, rows): the cotangent of value, and those of each layer's sums."""
        reaching = [torch.zeros_like(v) for v in self.values]
        grad_value, given = torch.empty_like(by_x[0]), torch.empty_like(by_x[1])
        for step in reversed(range(len(self.plan.order))):
            feature = self.plan.order[step]
            reached = grad_x[feature] + reaching[0][step] * self.inside[step]
            grad_value[feature] = by_x[0][feature] * reached + by_slope[0][feature]
            rows = slice(feature * self.n_params, (feature + 1) * self.n_params)
            given[rows] = by_x[1][rows] * reached + by_slope[1][rows]
            self._push(len(self.slopes), step, rows, given[rows], reaching)
            for i, block in reversed(list(enumerate(blocks(self.plan, step)))):
                if block.stop > block.start:
                    complete = reaching[i + 1][block].mul_(self.slopes[i][block])
                    self._push(i, step, block, complete, reaching)
        return grad_value, [*reaching[1:], given]

    def _push(
        self, layer: int, step: int, rows: slice, grad: Tensor, reaching: list[Tensor]
    ) -> None:
        if n := known(self.plan, layer, step):
            reaching[layer][:n].addmm_(self.weights[layer][rows, :n].t(), grad)


def _as_tables(pair: Pair) -> Pair:
    """(rows, features) and (rows, features, n) as (features, rows) and (features·n, rows)."""
    value, params = pair
    return value.t().contiguous(), params.permute(1, 2, 0).flatten(0, 1).contiguous()
