"""The contract of a base distribution, and how one is named, recorded and made again."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pushforward.arguments import bound
from pushforward.constraints import Interval, real
from pushforward.errors import ConfigurationError

BASES: dict[str, type[Distribution]] = {}


class Distribution(nn.Module, ABC):
    """A distribution with a density and a sampler: where a flow starts.

    Every subclass is constructed from plain numbers, which are remembered in `made_by`, so that a
    saved model can build it again; learned numbers are in its parameters and buffers.

    Attributes:
        event_shape: the shape of one sample.
        support: the interval that holds every coordinate.
        context_features: length of the context vector, 0 where none is taken.
    """

    event_shape: torch.Size
    support: Interval = real
    context_features: int = 0
    made_by: dict[str, Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        BASES[cls.__name__] = cls
        construct = cls.__init__

        @functools.wraps(construct)
        def remembering(self: Distribution, *args: Any, **kwargs: Any) -> None:
            construct(self, *args, **kwargs)
            arguments = bound(construct, self_placeholder, *args, **kwargs)
            arguments.pop("self")
            self.made_by = {"distribution": cls.__name__, "arguments": arguments}

        cls.__init__ = remembering  # type: ignore[assignment, method-assign]

    @abstractmethod
    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """z (*batch, *event) -> log density (*batch), in nats; -inf outside the support."""

    @abstractmethod
    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Samples (*shape, *context_batch, *event), differentiable where that makes sense."""

    def initialize(
        self, z: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Set whatever depends on data from a batch z (*batch, *event).

        weight (*batch), positive: a sample of weight 2 counts as two, up to the weights' common
        factor. None where all count once.
        """

    def sample_shape(self, shape: Sequence[int], context: Tensor | None) -> torch.Size:
        """(*shape, *context_batch, *event)."""
        batch = () if context is None else tuple(context.shape[:-1])
        return torch.Size((*shape, *batch, *self.event_shape))


self_placeholder = None  # stands for `self` where a constructor's arguments are bound by name


def build_base(spec: str | dict[str, Any] | Distribution, features: int) -> Distribution:
    """The base that a recipe asks for: one made already, its record, or a name.

    Raises:
        ConfigurationError: an unknown name, or an event shape other than (features,).
    """
    if isinstance(spec, str):
        if spec not in NAMED:
            raise ConfigurationError(f"base must be one of {', '.join(NAMED)}, but is {spec!r}.")
        base: Distribution = BASES[NAMED[spec]](features)  # type: ignore[call-arg]
    elif isinstance(spec, dict):
        base = BASES[spec["distribution"]](**spec["arguments"])
    else:
        base = spec
    if base.event_shape != (features,):
        raise ConfigurationError(
            f"The base has events of shape {tuple(base.event_shape)}, "
            f"but the flow has {features} features."
        )
    return base


NAMED = {
    "normal": "Normal",
    "full": "MultivariateNormal",
    "uniform": "Uniform",
    "student_t": "StudentT",
    "mixture": "GaussianMixture",
}
