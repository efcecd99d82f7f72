"""The autoregressive conditioner: a masked multilayer perceptron (MADE, Germain et al. 2015).

Features are taken in a given order. Every hidden unit has a degree m and may see the first m
features of that order only; the parameters of the j-th feature may see units of degree <= j (with j
counted from 0). Units are sorted by degree, so that once the first j features are known, one block
of rows per layer becomes computable, and each unit is computed exactly once on the way through the
features: sampling costs the multiplications of about half a dense pass, not of D passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.nets.mlp import (
    INPUT_LIMIT,
    activation_called,
    hidden_sizes,
    linear_from_zero,
)


class IncrementalParameters(Protocol):
    """One walk through the features: ask for the next one's parameters, then tell its value."""

    def next(self) -> Tensor:
        """The parameters (..., n_params) of the next feature, given those fed before."""

    def feed(self, value: Tensor) -> None:
        """The value (...) of the feature whose parameters were asked for last."""


class AutoregressiveConditioner(Protocol):
    """What `Autoregressive` needs: all parameters at once, and the same feature by feature."""

    order: Tensor

    def __call__(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """x (..., features) -> parameters (..., features, n_params)."""

    def incremental(self, like: Tensor, context: Tensor | None = None) -> IncrementalParameters:
        """Begin a walk for a batch shaped as `like` (..., features)."""


def order_tensor(features: int, order: Sequence[int] | None) -> Tensor:
    """The order as an index tensor; natural where None.

    Raises:
        ConfigurationError: `order` is not a permutation of 0 … features - 1.
    """
    indices = list(range(features)) if order is None else [int(i) for i in order]
    if sorted(indices) != list(range(features)):
        raise ConfigurationError(
            f"order must hold each of 0 … {features - 1} once, but is {indices}."
        )
    return torch.tensor(indices)


def spread_degrees(units: int, features: int, with_context: bool) -> Tensor:
    """Sorted degrees of `units` hidden units, spread evenly over those that are of any use.

    A unit of degree 0 sees the context alone, so without a context the degrees begin at 1.
    """
    low = 0 if with_context or features == 1 else 1
    high = features - 1
    return (low + torch.arange(units) * (high - low + 1) // units).clamp(max=high)


class MADE(nn.Module):
    """(..., features) -> (..., features, n_params), parameters of each feature given those before.

    The context, where there is one, reaches every unit of the first layer. The last layer starts
    at zero.

    Args:
        features: D.
        n_params: parameters per feature.
        hidden: widths of the hidden layers.
        context_features: length of the context vector, 0 for none.
        order: order[0] is the feature that depends on the context alone, and so on.
        activation: one of `pushforward.nets.ACTIVATIONS`.

    Example:
        >>> net = MADE(3, 2, hidden=(16,))
        >>> net(torch.ones(5, 3)).shape
        torch.Size([5, 3, 2])
    """

    order: Tensor

    def __init__(
        self,
        features: int,
        n_params: int,
        hidden: Sequence[int] = (128, 128),
        context_features: int = 0,
        order: Sequence[int] | None = None,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.features, self.n_params = features, n_params
        self.function = activation_called(activation)
        widths = hidden_sizes(hidden)
        self.register_buffer("order", order_tensor(features, order), persistent=False)
        rank = torch.empty(features, dtype=torch.long)
        rank[self.order] = torch.arange(features)
        # A layer's degrees: how many leading features a unit has seen. Input j itself counts j + 1.
        self.degrees = [
            rank + 1,
            *(spread_degrees(w, features, context_features > 0) for w in widths),
            rank.repeat_interleave(n_params),
        ]
        sizes = (features, *widths, features * n_params)
        hidden_layers = [nn.Linear(a, b) for a, b in pairwise(sizes[:-1])]
        self.layers = nn.ModuleList([*hidden_layers, linear_from_zero(sizes[-2], sizes[-1])])
        for i, (below, above) in enumerate(pairwise(self.degrees)):
            # The input's degree j + 1 makes "<=" mean "strictly before" for the first layer too.
            self.register_buffer(f"mask{i}", above[:, None] >= below, persistent=False)
        self.context = (
            nn.Linear(context_features, sizes[1], bias=False) if context_features else None
        )
        if self.context is not None and not widths:  # its first layer is its last
            nn.init.zeros_(self.context.weight)

    def masked_weights(self) -> list[Tensor]:
        """Each layer's weight with its forbidden entries zeroed."""
        return [layer.weight * getattr(self, f"mask{i}") for i, layer in enumerate(self.layers)]

    def biases(self) -> list[Tensor]:
        """Each layer's bias."""
        return [cast(Tensor, layer.bias) for layer in self.layers]

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        h = x.clamp(-INPUT_LIMIT, INPUT_LIMIT)
        last = len(self.layers) - 1
        for i, (weight, bias) in enumerate(zip(self.masked_weights(), self.biases(), strict=True)):
            h = nn.functional.linear(h, weight, bias)
            if i == 0 and self.context is not None and context is not None:
                h = h + self.context(context.clamp(-INPUT_LIMIT, INPUT_LIMIT))
            if i < last:
                h = self.function(h)
        return h.unflatten(-1, (self.features, self.n_params))

    def incremental(self, like: Tensor, context: Tensor | None = None) -> MADEWalk:
        """Begin a walk through the features, for a batch shaped as `like` (..., features)."""
        return MADEWalk(self, like, context)


class Prefix:
    """A [rows, batch] table filled from the top, of which only the filled part is read.

    Without gradients it is one preallocated buffer; with them, a list of blocks, since autograd
    forbids writing into what was read.
    """

    def __init__(self, rows: int, like: Tensor) -> None:
        self.blocks: list[Tensor] | None = [] if torch.is_grad_enabled() else None
        self.filled = 0
        if self.blocks is None:
            self.buffer = like.new_empty(rows, like.shape[-1])

    def append(self, block: Tensor) -> None:
        if self.blocks is None:
            self.buffer[self.filled : self.filled + len(block)] = block
        else:
            self.blocks.append(block)
        self.filled += len(block)

    def read(self) -> Tensor:
        if self.blocks is None:
            return self.buffer[: self.filled]
        if len(self.blocks) > 1:
            self.blocks = [torch.cat(self.blocks)]
        return self.blocks[0]


class MADEWalk:
    """The incremental evaluation of a `MADE`: each hidden unit once, when its last input is known.

    Everything is kept as [units, batch], so that a block of units is a contiguous block of rows.
    """

    def __init__(self, net: MADE, like: Tensor, context: Tensor | None) -> None:
        self.net, self.batch, self.step = net, like.shape[:-1], 0
        self.function = net.function
        flat = like.new_empty(1, self.batch.numel())
        weights = net.masked_weights()
        self.weights = [weights[0][:, net.order], *weights[1:]]  # inputs in the order of the walk
        self.biases = [bias[:, None] for bias in net.biases()]
        if net.context is not None and context is not None:
            context = context.clamp(-INPUT_LIMIT, INPUT_LIMIT).expand(*self.batch, -1)
            seen = net.context(context).reshape(flat.shape[1], len(self.biases[0]))
            self.biases[0] = self.biases[0] + seen.t()
        self.order = net.order.tolist()
        hidden = net.degrees[1:-1]
        self.known = [Prefix(w.shape[1], flat) for w in self.weights]
        # ends[layer][j]: how many of its units are computable once j features are known
        steps = torch.arange(net.features)
        self.ends = [torch.searchsorted(d, steps, right=True).tolist() for d in hidden]

    def next(self) -> Tensor:
        for i, ends in enumerate(self.ends):
            block = slice(self.known[i + 1].filled, ends[self.step])
            if block.stop > block.start:
                self.known[i + 1].append(self.function(self._product(i, block)))
        first = self.order[self.step] * self.net.n_params
        params = self._product(len(self.ends), slice(first, first + self.net.n_params))
        return params.t().reshape(*self.batch, self.net.n_params)

    def feed(self, value: Tensor) -> None:
        self.known[0].append(value.reshape(1, -1).clamp(-INPUT_LIMIT, INPUT_LIMIT))
        self.step += 1

    def _product(self, layer: int, rows: slice) -> Tensor:
        known, bias = self.known[layer], self.biases[layer][rows]
        if not known.filled:
            return bias.expand(-1, self.batch.numel())
        return torch.addmm(bias, self.weights[layer][rows, : known.filled], known.read())
