"""A member that is a flow of its own: triangular layers of one order, down to standard normals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.transforms.autoregressive import Autoregressive
from pushforward.transforms.base import Transform
from pushforward.transforms.compose import Compose
from pushforward.transforms.stack.conditionals import Conditionals, of_normal, standard_log_prob
from pushforward.transforms.stack.member import Member

Pair = tuple[Tensor, Tensor]


class Chain(Member):
    """Layers in generative order, each elementwise or autoregressive in the natural order.

    Args:
        features: d.
        layers: elementwise transforms, and `Autoregressive` ones with `fast="density"`.
        context_features: c.

    Raises:
        ConfigurationError: a layer that is neither, or that takes the features in another order.

    Example:
        >>> from pushforward.transforms import Autoregressive
        >>> member = Chain(2, [Autoregressive(2, hidden=(8,))])
        >>> member.conditionals(torch.zeros(3, 2)).log_prob.shape
        torch.Size([3, 2])
    """

    def __init__(
        self, features: int, layers: Iterable[Transform], context_features: int = 0
    ) -> None:
        super().__init__(features, context_features)
        self.layers = Compose(layers, event_ndim=1)
        for layer in self.layers:
            in_order = layer.event_ndim_in == layer.event_ndim_out == 0
            if isinstance(layer, Autoregressive):
                in_order = layer.fast == "density" and bool(layer.conditioner.natural)
            if not in_order:
                raise ConfigurationError(
                    "A chain takes elementwise layers and autoregressive ones of the natural "
                    f'order with fast="density", but was given {type(layer).__name__}.'
                )

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        self.layers.initialize(x, context, weight)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Conditionals:
        z, log_slope = x, torch.zeros_like(x)
        for layer in reversed(list(self.layers)):
            if isinstance(layer, Autoregressive):
                z, change = layer.inverse_by_feature(z, context)
            else:
                z, change = layer.inverse(z, context)
            log_slope = log_slope + change
        return of_normal(z, log_slope)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        z, log_det = self.layers.inverse(x, context)
        return standard_log_prob(z) + log_det

    def generate(
        self, z: Tensor, context: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        return self.layers.forward(z, context)[0]

    def walk(self, like: Tensor, context: Tensor | None = None) -> ChainWalk:
        return ChainWalk(self, like, context)


class _Step(Protocol):
    """One layer, on the way through the features."""

    def at(self, value: Tensor) -> Pair: ...
    def feed(self, value: Tensor) -> None: ...


class _Elementwise:
    """A layer that knows nothing of other features."""

    def __init__(self, layer: Transform) -> None:
        self.layer = layer

    def at(self, value: Tensor) -> Pair:
        return self.layer.inverse(value)

    def feed(self, value: Tensor) -> None:
        pass


class _Autoregressive:
    """A layer whose map of this feature has its parameters from those before."""

    def __init__(self, layer: Autoregressive, like: Tensor, context: Tensor | None) -> None:
        self.univariate, conditioner = layer.univariate, layer.conditioner
        self.steps = conditioner.walk(like, conditioner.sources(context))
        self.left = layer.features
        self.params = self.steps.next()

    def at(self, value: Tensor) -> Pair:
        return self.univariate.forward(value, self.params)

    def feed(self, value: Tensor) -> None:
        self.steps.feed(value)
        self.left -= 1
        if self.left:
            self.params = self.steps.next()


class ChainWalk:
    """Feature by feature through all layers at once, the data end first."""

    @torch.no_grad()
    def __init__(self, chain: Chain, like: Tensor, context: Tensor | None) -> None:
        given = context if chain.context_features else None
        self.steps: list[_Step] = [
            _Autoregressive(layer, like, given)
            if isinstance(layer, Autoregressive)
            else _Elementwise(layer)
            for layer in reversed(list(chain.layers))
        ]

    def at(self, value: Tensor) -> Conditionals:
        log_slope = torch.zeros_like(value)
        for step in self.steps:
            value, change = step.at(value)
            log_slope = log_slope + change
        return of_normal(value, log_slope)

    def feed(self, value: Tensor) -> None:
        for step in self.steps:
            after, _ = step.at(value)
            step.feed(value)
            value = after
