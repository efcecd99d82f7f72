"""The autoregressive conditioner: a masked multilayer perceptron (MADE, Germain et al. 2015).

Features are taken in a given order. Every hidden unit has a degree m and sees no more than the
first m features of that order; units are sorted by degree, so that once the first j features are
known, one block of rows per layer becomes computable, and each unit is computed exactly once on the
way through the features (see `walk.py`): sampling costs the multiplications of about half a dense
pass, not of D passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from pushforward.kernels import Fused
from pushforward.kernels.layer import INPUT_LIMIT, Call, Plan, available, layer
from pushforward.nets.mlp import (
    activation_called,
    hidden_sizes,
    linear_from_zero,
    perceptron,
)
from pushforward.nets.structure import Adjacency, Structure
from pushforward.nets.walk import MADESweep, MADEWalk


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
        adjacency: instead of an order, adjacency[i][j] says that feature i depends on feature j.

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
        adjacency: Adjacency | None = None,
    ) -> None:
        super().__init__()
        self.features, self.n_params = features, n_params
        self.natural = order is None and adjacency is None
        self.activation, self.function = activation, activation_called(activation)
        widths = hidden_sizes(hidden)
        structure = Structure(features, order, adjacency)
        self.register_buffer("order", structure.order, persistent=False)
        structure.require_units(widths)
        classes = [structure.spread(w, context_features > 0) for w in widths]
        # For each hidden layer, how many leading features each of its units waits for, ascending.
        self.degrees = [structure.degree[c] for c in classes]
        sizes = (features, *widths, features * n_params)
        hidden_layers = [nn.Linear(a, b) for a, b in pairwise(sizes[:-1])]
        self.layers = nn.ModuleList([*hidden_layers, linear_from_zero(sizes[-2], sizes[-1])])
        within = structure.within()
        above = [*classes, structure.own.repeat_interleave(n_params)]
        masks = [structure.seen[above[0]], *(within[b][:, a] for a, b in pairwise(above))]
        default = torch.get_default_dtype()
        for i, mask in enumerate(masks):
            self.register_buffer(f"mask{i}", mask.to(default), persistent=False)
        self.context = (
            nn.Linear(context_features, sizes[1], bias=False) if context_features else None
        )
        if self.context is not None and not widths:  # its first layer is its last
            nn.init.zeros_(self.context.weight)

    def masked_weights(self) -> list[Tensor]:
        """Each layer's weight with its forbidden entries zeroed."""
        return [layer.weight * getattr(self, f"mask{i}") for i, layer in enumerate(self.layers)]

    def biases(self, context: Tensor | None) -> list[Tensor]:
        """Each layer's bias, (units, 1); the first with the context's part, (units, rows)."""
        biases = [cast(Tensor, layer.bias)[:, None] for layer in self.layers]
        if self.context is not None and context is not None:
            given = context.clamp(-INPUT_LIMIT, INPUT_LIMIT).t()
            biases[0] = torch.addmm(biases[0], self.context.weight, given)
        return biases

    @cached_property
    def plan(self) -> Plan:
        """How this network conditions a layer, feature by feature."""
        order, steps = self.order.tolist(), torch.arange(self.features)
        ends = [torch.searchsorted(d.cpu(), steps, right=True).tolist() for d in self.degrees]
        return Plan(order, 0, [i * self.n_params for i in order], ends, self.activation)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        batch = x.shape[:-1]
        if context is not None:
            context = context.expand(*batch, -1).reshape(batch.numel(), context.shape[-1])
        rows = x.reshape(batch.numel(), self.features)
        out = perceptron(rows.t(), self.masked_weights(), self.biases(context), self.function)
        params = out.unflatten(0, (self.features, self.n_params)).permute(2, 0, 1)
        return params.reshape(*batch, self.features, self.n_params)

    def sources(self, context: Tensor | None = None) -> tuple[Tensor, ...]:
        """What a walk reads: each layer's masked weight, then each layer's bias."""
        first, *rest = self.masked_weights()
        if not self.natural:  # the walk takes the inputs in its own order
            first = first.index_select(1, self.order)
        return (first, *rest, *self.biases(context))

    def layer(
        self,
        fused: Fused | None,
        value: Tensor,
        context: Tensor | None,
        solve: bool,
        by_feature: bool = False,
    ) -> tuple[Tensor, Tensor] | None:
        """A layer of these maps, applied or solved, in compiled code where there is some."""
        if fused is None or not available(fused, self.activation, len(self.layers), value):
            return None
        sources, half = self.sources(context), len(self.layers)
        call = Call(self.plan, fused, inverse=solve, solve=solve)
        return layer(call, value, sources[:half], sources[half:], by_feature)

    def walk(self, like: Tensor, sources: tuple[Tensor, ...]) -> MADEWalk:
        """Begin a walk through the features, for rows shaped as `like` (rows, features)."""
        return MADEWalk(self.plan, sources, self.n_params, like)

    def sweep(self, x: Tensor, sources: tuple[Tensor, ...]) -> MADESweep:
        """The way back from x (rows, features)."""
        return MADESweep(self.plan, sources, self.n_params, x)
