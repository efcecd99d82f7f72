"""A flow: a base distribution pushed forward through transforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from pushforward.distributions import Distribution
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow_inputs import accept_dtype, accept_event, counts, without_infinity
from pushforward.flow_steps import Step, steps_from_base, steps_from_data
from pushforward.numerics import by_rows, full_precision
from pushforward.transforms import Compose, Kind, Transform
from pushforward.transforms.base import accept_context
from pushforward.transforms.lean import Memory

__all__ = ["Flow", "Step"]


class Flow(nn.Module):
    """X = f(Z) with Z from `base` and f = f_K ∘ … ∘ f_1 from `transform`.

    log p_X(x) = log p_Z(f⁻¹(x)) + log|det ∂f⁻¹/∂x|, in nats, in the data's own units.

    Args:
        base: the distribution of z.
        transform: one transform or a sequence of them, in generative order (first acts on z).
        embed: a module applied to the context once, before everything else; one that has
            `initialize(context, weight=None)` is set from data with the rest.
        context_features: length of the context vector; taken from the parts where None.

    Raises:
        ConfigurationError: a transform whose domain does not hold the base's support, or event
            shapes that do not fit.

    Example:
        >>> from pushforward.distributions import Uniform
        >>> from pushforward.transforms import Affine
        >>> flow = Flow(Uniform(1, 0.0, 2.0), Affine(0.0, 4.0))  # X = 4Z, Z ~ U[0, 2]
        >>> flow.log_prob(torch.tensor([4.0])).exp().item()
        0.125
    """

    initialized: Tensor

    def __init__(
        self,
        base: Distribution,
        transform: Transform | Sequence[Transform] = (),
        embed: nn.Module | None = None,
        context_features: int | None = None,
    ) -> None:
        super().__init__()
        if isinstance(transform, Compose):
            layers: Sequence[Transform] = list(transform)
        elif isinstance(transform, Transform):
            layers = [transform]
        else:
            layers = list(transform)
        self.base, self.embed = base, embed
        self.transform = Compose(layers, event_ndim=len(base.event_shape))
        if self.transform.event_ndim_in != len(base.event_shape):
            raise ConfigurationError(
                f"The transforms take events of {self.transform.event_ndim_in} dimensions, "
                f"but the base has events of shape {tuple(base.event_shape)}."
            )
        if context_features is None:
            embedded = getattr(embed, "context_features", 0)
            context_features = embedded or self.transform.context_features or base.context_features
        self.context_features = int(context_features)
        self.support = self.transform.image(base.support)
        self.event_shape = self.transform.event_shape(base.event_shape)
        self.made_by: dict[str, Any] | None = None  # set by a recipe
        # Saved with the model: data-dependent parts are set once, and further training keeps them.
        self.register_buffer("initialized", torch.tensor(False))

    @property
    def kind(self) -> Kind:
        """ "exact", "numerical", "estimate" or "bound": the weakest of the layers'."""
        return self.transform.kind

    @property
    def takes_missing(self) -> bool:
        """Does a NaN in x mean that the coordinate is not known?"""
        layers = list(self.transform)  # a base alone takes no gap
        return bool(layers) and all(layer.takes_missing for layer in layers)

    @property
    def memory(self) -> Memory:
        """ "plain", or "lean" or "recompute": gradients in memory that hardly grows with depth.

        These two take about 1.6 times as long; see `pushforward.transforms.Compose.memory`.

        Example:
            >>> import pushforward as pf
            >>> flow = pf.flows.realnvp(2, layers=64, hidden=(8,))
            >>> flow.memory = "lean"
            >>> flow.log_prob(torch.zeros(3, 2)).sum().backward()
        """
        return self.transform.memory

    @memory.setter
    def memory(self, memory: Memory) -> None:
        for part in self._compositions():
            part.memory = memory

    def take_drift(self) -> float | None:
        """The largest error of a point that lean memory reconstructed, since the last call.

        Relative to the largest number of its coordinate in the batch; None where nothing was
        reconstructed.
        """
        found = [drift for part in self._compositions() if (drift := part.drift.take()) is not None]
        return max(found, default=None)

    def _compositions(self) -> list[Compose]:
        return [part for part in self.transform.modules() if isinstance(part, Compose)]

    @property
    def dtype(self) -> torch.dtype:
        """The precision that the flow computes in: that of its first tensor."""
        tensors = chain(self.parameters(), self.buffers())  # one by one: the first will do
        return next((t.dtype for t in tensors if t.is_floating_point()), torch.get_default_dtype())

    def __len__(self) -> int:
        return len(self.transform)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """`log_prob`, so that wrappers which call the module (DDP, compile, export) get it."""
        return self.log_prob(x, context)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """log p_X(x | context): x (*batch, *event), context (*batch, c) -> (*batch), nats.

        -inf outside the support and at infinite x; a NaN in x gives NaN. A row's score does not
        depend on which or how many others are scored with it. Without gradients, here and in the
        other directions, many rows are computed some thousand at a time, in bounded memory.

        Raises:
            ShapeError: shape, dtype or context do not fit; the message repeats both.
        """
        prior, log_det = self.terms(x, context)
        return prior + log_det

    def terms(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The two terms of log p_X: log p_Z(f⁻¹(x)) and log|det ∂f⁻¹/∂x|, each (*batch), nats.

        Raises:
            ShapeError: as `log_prob`.
        """
        context = self._accept("x", x, self.event_shape, context)

        def terms(x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
            x, infinite = without_infinity(x, len(self.event_shape))
            prior, log_det = self.transform.terms(self.base, x, context)
            return prior, torch.where(infinite, -math.inf, log_det)

        prior, log_det = by_rows(terms, x, len(self.event_shape), context)
        return prior, log_det

    def _prior(self, z: Tensor, context: Tensor | None) -> Tensor:
        """log p_Z(z), in full precision whatever the conditioners compute in."""
        with full_precision(z):
            return self.base.log_prob(z, context)

    def _pull_back(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """f⁻¹(x) and its log-det; a finite z and -inf where a coordinate of x is infinite."""
        x, infinite = without_infinity(x, len(self.event_shape))
        z, log_det = self.transform.inverse(x, context)
        return z, torch.where(infinite, -math.inf, log_det)

    @torch.no_grad()
    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """x (*shape, *context_batch, *event), without gradients (see `rsample`).

        Raises:
            ShapeError: a context that is missing or does not fit.
        """
        context = self._embedded(context)
        z = self.base.sample(counts(shape), context, generator)

        def pushed(z: Tensor, context: Tensor | None) -> tuple[Tensor, ...]:
            return (self.transform.generate(z, context, generator),)

        return by_rows(pushed, z, len(self.base.event_shape), context)[0]

    def rsample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """As `sample`, and differentiable with respect to the flow's parameters and the context."""
        context = self._embedded(context)
        return self._push_forward(self.base.sample(counts(shape), context, generator), context)

    def sample_and_log_prob(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """x as `rsample`, and log p_X(x) (*shape, *context_batch) in nats, in one pass.

        Raises:
            ShapeError: a context that is missing or does not fit.
        """
        context = self._embedded(context)
        z = self.base.sample(counts(shape), context, generator)

        def scored(z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
            x, log_det = self.transform.forward(z, context)
            return x, self._prior(z, context) - log_det

        x, log_prob = by_rows(scored, z, len(self.base.event_shape), context)
        return x, log_prob

    def encode(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """The latent z = f⁻¹(x), (*batch, *event); some finite z where x is outside the support.

        Raises:
            ShapeError: as `log_prob`.
        """
        context = self._accept("x", x, self.event_shape, context)
        return by_rows(self._pull_back, x, len(self.event_shape), context)[0]

    def decode(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """The data point x = f(z), (*batch, *event).

        Raises:
            ShapeError: as `log_prob`.
        """
        context = self._accept("z", z, self.base.event_shape, context)
        return self._push_forward(z, context)

    def _push_forward(self, z: Tensor, context: Tensor | None) -> Tensor:
        """f(z), (*batch, *event)."""
        return by_rows(self.transform.forward, z, len(self.base.event_shape), context)[0]

    def steps(
        self,
        z: Tensor | None = None,
        x: Tensor | None = None,
        context: Tensor | None = None,
    ) -> list[Step]:
        """The point at every step from the base to the data: K + 1 entries, in generative order.

        Give either z, which is pushed forward, or x, which is pulled back; log p_K is `log_prob`.

        Raises:
            ConfigurationError: both or neither of z and x were given.
            ShapeError: as `log_prob`.
        """
        if (z is None) == (x is None):
            raise ConfigurationError("steps takes either z=… or x=…, one of the two.")
        if z is not None:
            embedded = self._accept("z", z, self.base.event_shape, context)
            return steps_from_base(self.base, self.transform, z, embedded)
        assert x is not None
        embedded = self._accept("x", x, self.event_shape, context)
        return steps_from_data(self.base, self.transform, x, embedded)

    def upto(self, k: int) -> Flow:
        """The flow of the first k transforms, sharing their parameters: the density after step k.

        Raises:
            ConfigurationError: k is not in 0 … K.
        """
        if not isinstance(k, int) or not 0 <= k <= len(self):
            raise ConfigurationError(f"This flow has {len(self)} transforms; upto({k}) is not one.")
        layers = list(self.transform)[:k]
        return Flow(self.base, layers, self.embed, self.context_features)

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Set every data-dependent part (scalers, actnorms, mixtures) from x, data end first.

        Args:
            x: (*batch, *event).
            context: (*batch, c), or None.
            weight: (*batch), positive: a sample of weight 2 counts as two, up to the weights'
                common factor; None where all count once.

        Raises:
            ShapeError: as `log_prob`, or weights of another shape than the batch's.
        """
        weights = {} if weight is None else {"weight": weight}
        if weight is not None and weight.shape != x.shape[: x.ndim - len(self.event_shape)]:
            raise ShapeError(
                f"weight must have one number for each event of x, of shape {tuple(x.shape)}, but "
                f"has shape {tuple(weight.shape)}."
            )
        if self.embed is not None and context is not None and hasattr(self.embed, "initialize"):
            self.embed.initialize(context, **weights)  # type: ignore[operator]
        embedded = self._accept("x", x, self.event_shape, context)
        self.transform.initialize(x, embedded, **weights)
        if type(self.base).initialize is not Distribution.initialize:
            z, _ = self.transform.inverse(x, embedded)
            self.base.initialize(z, embedded, **weights)
        self.initialized.fill_(True)

    def _embedded(self, context: Tensor | None) -> Tensor | None:
        accept_context("This flow", self.context_features, context)
        if context is not None and not self.context_features:
            raise ShapeError(
                f"This flow takes no context, but was given one of shape {tuple(context.shape)}."
            )
        if context is None:
            return None
        accept_dtype("context", context, self.dtype)
        if self.embed is None:
            return context
        embedded: Tensor = self.embed(context)
        return embedded.to(context.dtype)  # under autocast it may have come out lower

    def _accept(
        self, name: str, value: Tensor, event: torch.Size, context: Tensor | None
    ) -> Tensor | None:
        """Refuse what does not fit, and give the embedded context."""
        accept_event(name, value, event, self.dtype, context)
        return self._embedded(context)
