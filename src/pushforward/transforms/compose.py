"""Composition and inversion of transforms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError
from pushforward.numerics import full_precision, sum_event
from pushforward.transforms.base import Base, Transform, weakest
from pushforward.transforms.lean import MEMORIES, Drift, LeanStep, Memory, lean_walk


class Compose(Transform):
    """x = f_K ∘ … ∘ f_1(z): `layers[0]` acts first on z, `layers[-1]` stands at the data end.

    Log-dets add up. Layers of fewer event dimensions are lifted: their log-dets are summed over
    the dimensions that belong to the event. It is also the one way to lift a single elementwise
    map: `Compose([Exp()], event_ndim=1)`.

    Args:
        layers: transforms, in generative order.
        event_ndim: event dimensions of z, where more than the layers need.

    Raises:
        ConfigurationError: a layer's domain does not hold what comes out of the one before, two
            layers want contexts of different lengths, or something is not a Transform.

    Example:
        >>> from pushforward.transforms import Affine, Exp
        >>> x, log_det = Compose([Affine(0.0, 2.0), Exp()]).forward(torch.tensor([0.5]))
        >>> round(x.item(), 4), round(log_det.item(), 4)
        (2.7183, 1.6931)
    """

    def __init__(self, layers: Iterable[Transform], event_ndim: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        for i, layer in enumerate(self.layers):
            if not isinstance(layer, Transform):
                raise ConfigurationError(
                    f"Compose takes transforms, but layer {i} is a {type(layer).__name__}."
                )
        self.event_ndim_in = self._needed_event_ndim(event_ndim)
        self._ndims = self._event_ndims()
        self.event_ndim_out = self._ndims[-1]
        self.kind = weakest(*(layer.kind for layer in self))
        self.cheap = frozenset({"forward", "inverse"}).intersection(*(t.cheap for t in self))
        self.features = next((t.features for t in self if t.features is not None), None)
        self.context_features = self._common_context()
        if len(self):
            self.domain = self[0].domain
        self.codomain = self.image(self.domain)
        self._memory: Memory = "plain"
        self.drift = Drift()

    @property
    def memory(self) -> Memory:
        """How gradients come about: "plain", "lean" or "recompute".

        Plain: every layer keeps what its gradient needs. Lean: inputs are reconstructed from
        outputs where both directions are closed form, and computed again elsewhere, in memory that
        hardly grows with the depth, at 2 to 2.5 times the time; `drift` says how exactly.
        Recompute: the same, all of it computed again, which drifts nowhere; under autocast lean
        does so too. Layers that are an estimate or a bound stay plain: they would draw other random
        numbers each time. The gradients of these two cannot be differentiated again, and every
        trained tensor must be a registered parameter.

        Raises:
            ConfigurationError: when set to another word.
        """
        return self._memory

    @memory.setter
    def memory(self, memory: Memory) -> None:
        if memory not in MEMORIES:
            known = ", ".join(MEMORIES)
            raise ConfigurationError(f"memory must be one of {known}, but is {memory!r}.")
        self._memory = memory

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.layers)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Transform:
        return self.layers[index]  # type: ignore[return-value]

    def _needed_event_ndim(self, at_least: int) -> int:
        needed, change = at_least, 0
        for layer in self:
            needed = max(needed, layer.event_ndim_in - change)
            change += layer.event_ndim_out - layer.event_ndim_in
        return needed

    def _event_ndims(self) -> list[int]:
        """Event dimensions of z, then after each layer."""
        ndims = [self.event_ndim_in]
        for layer in self:
            ndims.append(ndims[-1] + layer.event_ndim_out - layer.event_ndim_in)
        return ndims

    def _common_context(self) -> int:
        lengths = sorted({layer.context_features for layer in self} - {0})
        if len(lengths) > 1:
            raise ConfigurationError(
                f"The layers want contexts of different lengths: {lengths}; give them one."
            )
        return lengths[0] if lengths else 0

    def image(self, interval: Interval) -> Interval:
        for i, layer in enumerate(self):
            if not interval.within(layer.domain):
                raise ConfigurationError(
                    f"Layer {i} ({type(layer).__name__}) takes numbers in {layer.domain}, "
                    f"but what comes before it lies in {interval}."
                )
            interval = layer.image(interval)
        return interval

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        for layer in self:
            z_shape = layer.event_shape(z_shape)
        return z_shape

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if not len(self) or type(self[0]).terms is Transform.terms:
            return super().terms(base, x, context)
        log_det = x.new_zeros(x.shape[: x.ndim - self.event_ndim_out])
        for i in reversed(range(1, len(self))):
            x, change = self._pull(i, x, context)
            log_det = log_det + change
        prior, inner = self[0].terms(base, x, context)
        return prior, log_det + inner

    def generate(
        self, z: Tensor, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        if not len(self) or type(self[0]).generate is Transform.generate:
            return super().generate(z, context, generator)
        x = self[0].generate(z, context, generator)
        for i in range(1, len(self)):
            x, _ = self._push(i, x, context)
        return x

    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        weights = {} if weight is None else {"weight": weight}
        for i, layer in reversed(list(enumerate(self.layers))):
            layer.initialize(x, context, **weights)  # type: ignore[operator]
            if i:
                with torch.no_grad():
                    x, _ = layer.inverse(x, context)  # type: ignore[operator]

    def walk(
        self, z: Tensor, context: Tensor | None = None
    ) -> Iterator[tuple[Transform, Tensor, Tensor]]:
        """Each layer with the point after it and its own log-det (*batch), in generative order."""
        for i in range(len(self)):
            z, change = self._push(i, z, context)
            yield self[i], z, change

    def unwind(
        self, x: Tensor, context: Tensor | None = None
    ) -> Iterator[tuple[Transform, Tensor, Tensor]]:
        """Each layer, data end first: the point before it, and its inverse's log-det (*batch)."""
        for i in reversed(range(len(self))):
            x, change = self._pull(i, x, context)
            yield self[i], x, change

    def _push(self, i: int, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Layer i forwards, its log-det summed over the event."""
        with self._precision(i, z):
            x, change = self[i].forward(z, context)
        return x, sum_event(change, self._ndims[i] - self[i].event_ndim_in)

    def _pull(self, i: int, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Layer i backwards, its log-det summed over the event."""
        with self._precision(i, x):
            z, change = self[i].inverse(x, context)
        return z, sum_event(change, self._ndims[i + 1] - self[i].event_ndim_out)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = z.new_zeros(z.shape[: z.ndim - self.event_ndim_in])
        if self._is_lean():
            steps = [
                LeanStep(self[i], partial(self._push, i), partial(self._pull, i))
                for i in range(len(self))
            ]
            return lean_walk(steps, z, log_det, context, self._told(z))
        x = z
        for _, x, change in self.walk(z, context):  # noqa: B007
            log_det = log_det + change
        return x, log_det

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(x.shape[: x.ndim - self.event_ndim_out])
        if self._is_lean():
            steps = [
                LeanStep(self[i], partial(self._pull, i), partial(self._push, i))
                for i in reversed(range(len(self)))
            ]
            return lean_walk(steps, x, log_det, context, self._told(x))
        z = x
        for _, z, change in self.unwind(x, context):  # noqa: B007
            log_det = log_det + change
        return z, log_det

    def _precision(self, i: int, like: Tensor) -> AbstractContextManager[Any]:
        """Under autocast, only the products of conditioners may run in lower precision."""
        if not torch.is_autocast_enabled(like.device.type):
            return nullcontext()
        conditioned = any(hasattr(part, "conditioner") for part in self[i].modules())
        return nullcontext() if conditioned else full_precision(like)

    def _is_lean(self) -> bool:
        return self._memory != "plain" and torch.is_grad_enabled()

    def _told(self, like: Tensor) -> Drift | None:
        """Who is told of reconstructions; None where there are to be none.

        In bfloat16 the last digit of an input may change a conditioner's answer by half a percent:
        nothing can be reconstructed from that.
        """
        low = torch.is_autocast_enabled(like.device.type)
        return self.drift if self._memory == "lean" and not low else None


class Inverse(Transform):
    """The same map the other way round: its `forward` is the other's `inverse`.

    Raises:
        ConfigurationError: the transform is a bound or an estimate and has no inverse map.

    Example:
        >>> from pushforward.transforms import Exp
        >>> Inverse(Exp()).forward(torch.tensor([1.0]))[0].item()
        0.0
    """

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        if transform.kind not in ("exact", "numerical"):
            raise ConfigurationError(
                f"{type(transform).__name__} is of kind {transform.kind!r}: it has no inverse map."
            )
        self.transform = transform
        self.event_ndim_in, self.event_ndim_out = transform.event_ndim_out, transform.event_ndim_in
        self.domain, self.codomain = transform.codomain, transform.domain
        self.kind, self.features = transform.kind, transform.features
        self.context_features = transform.context_features
        swap = {"forward": "inverse", "inverse": "forward"}
        self.cheap = frozenset(swap[c] for c in transform.cheap)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.transform.inverse(z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.transform.forward(x, context)
