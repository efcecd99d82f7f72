"""A masked perceptron feature by feature, and back: each hidden unit once, each way.

Everything is kept as [units, rows], so that a block of units is a contiguous block of memory. Where
there is compiled code for the whole way (`pushforward.kernels.walk`), it is taken instead.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.kernels.walk import Perceptron, sweep
from pushforward.nets.mlp import INPUT_LIMIT, activation_called

Pair = tuple[Tensor, Tensor]


class MADEWalk:
    """The incremental evaluation of a `MADE`: a unit is computed when its last input is known.

    Args:
        net: what it reads.
        n_params: parameters per feature.
        like: (rows, features), for dtype and device.
    """

    def __init__(self, net: Perceptron, n_params: int, like: Tensor) -> None:
        self.net, self.n_params, self.rows, self.step = net, n_params, len(like), 0
        self.function = activation_called(net.activation)
        # values[0] the inputs, values[i] what hidden layer i gives: filled from the top
        self.values = [like.new_empty(w.shape[1], self.rows) for w in net.weights]

    def next(self) -> Tensor:
        for i, block in enumerate(blocks(self.net, self.step)):
            if block.stop > block.start:
                values = self._product(i, block)
                self.values[i + 1][block] = self.function(values)
        first = self.net.order[self.step] * self.n_params
        return self._product(len(self.net.ends), slice(first, first + self.n_params)).t()

    def feed(self, value: Tensor) -> None:
        torch.clamp(value, -INPUT_LIMIT, INPUT_LIMIT, out=self.values[0][self.step])
        self.step += 1

    def _product(self, layer: int, rows: slice) -> Tensor:
        bias, weight = self.net.biases[layer][rows], self.net.weights[layer][rows]
        n = known(self.net, layer, self.step)
        if not n:
            return bias.expand(-1, self.rows)
        return torch.addmm(bias, weight[:, :n], self.values[layer][:n])


def blocks(net: Perceptron, step: int) -> list[slice]:
    """The units of each hidden layer that become computable with the feature before `step`."""
    return [slice(ends[step - 1] if step else 0, ends[step]) for ends in net.ends]


def known(net: Perceptron, layer: int, step: int) -> int:
    """How many of a layer's inputs are known once `step` features are."""
    return net.ends[layer - 1][step] if layer else step


class MADESweep:
    """The walk in reverse, for cotangents: a unit's is complete when its last user has spoken.

    Args:
        net: what the walk read.
        n_params: parameters per feature.
        x: (rows, features), where the walk arrived.

    Attributes:
        params: (rows, features, n_params), by a dense pass at x.
    """

    def __init__(self, net: Perceptron, n_params: int, x: Tensor) -> None:
        self.net, self.n_params = net, n_params
        function = activation_called(net.activation)
        inputs = x.t()[net.order]
        self.inside = (inputs.abs() < INPUT_LIMIT).to(x.dtype)
        self.values, self.slopes = [inputs.clamp(-INPUT_LIMIT, INPUT_LIMIT)], []
        last = len(net.degrees)
        for i, (weight, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            sums = torch.addmm(bias, weight, self.values[i])
            if i < last:
                with torch.enable_grad():
                    before = sums.requires_grad_()
                    after = function(before)
                    (slope,) = torch.autograd.grad(after.sum(), before)
                self.values.append(after.detach())
                self.slopes.append(slope)
            else:
                self.params = sums.unflatten(0, (len(net.order), n_params)).permute(2, 0, 1)

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
        if self.net.compiled(grad_x):
            grad_value, outer = sweep(self.net, self.slopes, self.inside, grad_x, *tables)
        else:
            grad_value, outer = self._sweep(grad_x.t(), *tables)
        # What masks forbid is left to the masks.
        weights = [o @ v.t() for o, v in zip(outer, self.values, strict=True)]
        biases = [
            o if b.shape[1] == o.shape[1] != 1 else o.sum(1, keepdim=True)
            for o, b in zip(outer, self.net.biases, strict=True)
        ]
        return grad_value.t(), (*weights, *biases)

    def _sweep(self, grad_x: Tensor, by_x: Pair, by_slope: Pair) -> tuple[Tensor, list[Tensor]]:
        """The same in plain operations, by tables (units, rows)."""
        reaching = [torch.zeros_like(v) for v in self.values]
        grad_value, given = torch.empty_like(by_x[0]), torch.empty_like(by_x[1])
        for step in reversed(range(len(self.net.order))):
            feature = self.net.order[step]
            reached = grad_x[feature] + reaching[0][step] * self.inside[step]
            grad_value[feature] = by_x[0][feature] * reached + by_slope[0][feature]
            rows = slice(feature * self.n_params, (feature + 1) * self.n_params)
            given[rows] = by_x[1][rows] * reached + by_slope[1][rows]
            self._push(len(self.slopes), step, rows, given[rows], reaching)
            for i, block in reversed(list(enumerate(blocks(self.net, step)))):
                if block.stop > block.start:
                    complete = reaching[i + 1][block].mul_(self.slopes[i][block])
                    self._push(i, step, block, complete, reaching)
        return grad_value, [*reaching[1:], given]

    def _push(
        self, layer: int, step: int, rows: slice, grad: Tensor, reaching: list[Tensor]
    ) -> None:
        if n := known(self.net, layer, step):
            reaching[layer][:n].addmm_(self.net.weights[layer][rows, :n].t(), grad)


def _as_tables(pair: Pair) -> Pair:
    """(rows, features) and (rows, features, n) as (features, rows) and (features·n, rows)."""
    value, params = pair
    return value.t().contiguous(), params.permute(1, 2, 0).flatten(0, 1).contiguous()
