"""Gradients through a stack of layers without the memory of its depth.

Plain differentiation keeps what every layer computed until the way back has passed it. Here a stack
is walked without a graph; on the way back the input of one layer at a time is found again, and only
that layer's graph exists at any moment (Gomez et al. 2017, "The Reversible Residual Network").

- Where both directions of a layer are closed form on the whole line, its input is reconstructed
  from its output. Roundings add up on the way, the more the harder a layer contracts, so some
  points are kept, one every `RUN` layers or a quarter of the way, and there the reconstruction is
  compared with the truth: the `Drift`.
- Elsewhere (autoregressive layers, roots, maps with edges), and everywhere with "recompute", it is
  computed again from a point kept before it: `BRANCHES` points of the stack, and as many of the
  part between two of them when its turn comes, and so on (Griewank 1992; Chen et al. 2016). So
  about 4·log₄K points live at once, each as small as a batch of data, and a layer is computed
  about 1 + ¾·log₄K times. Nothing drifts.

Layers that draw random numbers, and say so by their kind, are differentiated plainly: computed
again, they would draw others.

Values are bit for bit those of a plain walk without gradients; gradients equal the plain ones to
rounding, or to the drift where that is larger. The price is time: at 64 spline layers a step takes
about 1.6 times as long as a plain one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pushforward.constraints import real
from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform

Memory = Literal["plain", "lean", "recompute"]
MEMORIES: tuple[Memory, ...] = ("plain", "lean", "recompute")

RUN = 8  # reversible layers between two kept points, at least
BRANCHES = 4  # kept points of a stretch; of one that cannot be reversed, at each level of nesting

Apply = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]


@dataclass
class Drift:
    """How far reconstructed points were from the true ones.

    Attributes:
        largest: the largest |x̂ - x| so far, relative to the largest |x| of the same coordinate in
            the batch: a tensor on the device, so that nobody waits for it; None before the first.

    Example:
        >>> drift = Drift()
        >>> drift.note(torch.tensor([[1.0], [-2.0]]), torch.tensor([[1.0], [-4.0]]))
        >>> drift.take(), drift.take()
        (0.5, None)
    """

    largest: Tensor | None = None

    def note(self, found: Tensor, known: Tensor) -> None:
        """Compare points (..., d) with the true ones."""
        if not known.numel():
            return
        rows = known.reshape(-1, known.shape[-1]) if known.ndim else known.reshape(1, 1)
        off = (found.reshape(rows.shape) - rows).abs().amax(0)
        size = rows.abs().amax(0).clamp(min=torch.finfo(rows.dtype).tiny)
        new = (off / size).max()
        self.largest = new if self.largest is None else torch.maximum(self.largest, new)

    def take(self) -> float | None:
        """The largest since the last call, None where there was none."""
        largest, self.largest = self.largest, None
        return None if largest is None else largest.item()


@dataclass(frozen=True)
class LeanStep:
    """One layer in the direction of the walk, and the way back.

    Attributes:
        layer: whose parameters are trained.
        there: value, context -> the point after it, and its log-det (*batch).
        back: the same for the layer's other direction.
    """

    layer: Transform
    there: Apply
    back: Apply

    @property
    def reversible(self) -> bool:
        """Closed form both ways, and no edge at which a point could be moved or saturate."""
        layer = self.layer
        both = layer.kind == "exact" and layer.cheap >= {"forward", "inverse"}
        return both and layer.domain == real and layer.codomain == real

    @property
    def draws(self) -> bool:
        """Does the layer draw random numbers? Then it cannot be computed again."""
        return self.layer.kind in ("estimate", "bound")

    def parameters(self) -> list[Tensor]:
        """What is trained of the layer."""
        return [p for p in self.layer.parameters() if p.requires_grad]


def lean_walk(
    steps: Sequence[LeanStep],
    value: Tensor,
    log_det: Tensor,
    context: Tensor | None,
    drift: Drift | None,
) -> tuple[Tensor, Tensor]:
    """Through all steps: the last point, and log_det with each step's own added.

    Args:
        steps: in the order of the walk.
        value: (*batch, *event).
        log_det: (*batch), what the sum begins with.
        context: (*batch, c) or None.
        drift: told of every reconstruction; None computes everything again instead.

    Raises:
        ConfigurationError: a layer draws random numbers though its kind does not say so, and so
            cannot be computed again; the message names it.
    """
    given = value.requires_grad or (context is not None and context.requires_grad)
    first = next((i for i, step in enumerate(steps) if given or step.parameters()), len(steps))
    # Nobody asks for gradients that far back.
    value, log_det = _plain_walk(steps[:first], value, log_det, context, drift)
    for draws, group in itertools.groupby(steps[first:], lambda step: step.draws):
        walk = _plain_walk if draws else _walk_again
        value, log_det = walk(list(group), value, log_det, context, drift)
    return value, log_det


def _plain_walk(
    steps: Sequence[LeanStep],
    value: Tensor,
    log_det: Tensor,
    context: Tensor | None,
    _drift: Drift | None,
) -> tuple[Tensor, Tensor]:
    """As `lean_walk`, but each layer keeps what its gradient needs."""
    for step in steps:
        value, change = step.there(value, context)
        log_det = log_det + change
    return value, log_det


def _walk_again(
    steps: Sequence[LeanStep],
    value: Tensor,
    log_det: Tensor,
    context: Tensor | None,
    drift: Drift | None,
) -> tuple[Tensor, Tensor]:
    """As `lean_walk`, of layers that can be computed again."""
    for part, reversible in stretches(steps, drift is not None):
        record = _Record(part, drift if reversible else None)
        for i, step in enumerate(part):
            record.pass_by(i, value)
            value, log_det = _Layer.apply(record, i, value, log_det, context, *step.parameters())
        record.pass_by(len(part), value)
    return value, log_det


def stretches(
    steps: Sequence[LeanStep], reconstruct: bool
) -> Iterator[tuple[Sequence[LeanStep], bool]]:
    """The steps in stretches, each with whether inputs are reconstructed from outputs.

    A reversible stretch shorter than `RUN` between others is computed again with them: a point kept
    on either side of it would cost more than it saves.
    """
    keyed = [(step, reconstruct and step.reversible) for step in steps]
    runs = [(key, [step for step, _ in g]) for key, g in itertools.groupby(keyed, lambda k: k[1])]
    marked = [(key and (len(runs) == 1 or len(run) >= RUN), run) for key, run in runs]
    for reversible, group in itertools.groupby(marked, lambda pair: pair[0]):
        yield [step for _, run in group for step in run], reversible


class _Record:
    """What is kept of one stretch: some of its points, from which the others are found again.

    Point i is the input of step i, and point n the stretch's end.
    """

    def __init__(self, steps: Sequence[LeanStep], drift: Drift | None) -> None:
        self.steps, self.drift = steps, drift
        self.kept: dict[int, Tensor] = {}  # from the way there
        self.versions: dict[int, int] = {}  # of those, to notice a change in place
        self.found: dict[int, Tensor] = {}  # on the way back, for as long as they are of use
        n = len(steps)
        self.every = max(-(-n // BRANCHES), RUN if drift is not None else 1)
        self.autocast: dict[str, Any] | None = None

    def pass_by(self, i: int, value: Tensor) -> None:
        """Keep this point of the way there where one is due."""
        end = i == len(self.steps)
        if (end and self.drift is not None) or (not end and i % self.every == 0):
            self.kept[i] = value.detach()
            self.versions[i] = value._version

    def input_of(self, i: int, context: Tensor | None) -> Tensor:
        """Point i, found without a graph; asked for from the end of the stretch to its start.

        Raises:
            RuntimeError: a point was changed in place since the way there, as autograd says it.
        """
        if any(self.kept[j]._version != version for j, version in self.versions.items()):
            raise RuntimeError(
                "A point that lean memory kept for the way back has been modified by an inplace "
                "operation since; change a copy of it instead."
            )
        with torch.no_grad():
            value = self._again(i, context) if self.drift is None else self._back(i, context)
        if i == 0:
            self.found.clear()
        return value

    def _back(self, i: int, context: Tensor | None) -> Tensor:
        """From its output."""
        after = self.kept[i + 1] if i + 1 in self.kept else self.found[i + 1]
        value = self.steps[i].back(after, context)[0]
        if i in self.kept and self.drift is not None:
            self.drift.note(value, self.kept[i])
            value = self.kept[i]
        self.found = {i: value}
        return value

    def _again(self, i: int, context: Tensor | None) -> Tensor:
        """From the nearest point before it; some on the way are kept for those asked for next."""
        self.found = {j: value for j, value in self.found.items() if j <= i}
        known = self.kept | self.found
        begin = max(j for j in known if j <= i)
        value = known[begin]
        while begin < i:
            size = -(-(i + 1 - begin) // BRANCHES)
            for j in range(begin, i - (i - begin) % size):
                value = self.steps[j].there(value, context)[0]
                if (j + 1 - begin) % size == 0:
                    self.found[j + 1] = value
            begin = i - (i - begin) % size
        return value

    def precision(self, like: Tensor) -> torch.autocast:
        """Autocast as on the way there; a cast made without a graph is not kept for later."""
        if self.autocast is None:
            kind = like.device.type
            self.autocast = {
                "device_type": kind,
                "enabled": torch.is_autocast_enabled(kind),
                "dtype": torch.get_autocast_dtype(kind),
                "cache_enabled": False,
            }
        return torch.autocast(**self.autocast)


class _Layer(torch.autograd.Function):
    """One step: without a graph on the way there, with its own on the way back."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        record: _Record,
        i: int,
        value: Tensor,
        log_det: Tensor,
        context: Tensor | None,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        step, before = record.steps[i], _random_state(value)
        with record.precision(value):
            after, change = step.there(value, context)
        if any(not torch.equal(*pair) for pair in zip(before, _random_state(value), strict=True)):
            raise ConfigurationError(
                f"Lean memory computes a layer more than once, but a {type(step.layer).__name__} "
                'of this flow draws random numbers, new ones each time; use memory="plain".'
            )
        ctx.record, ctx.i, ctx.shape = record, i, log_det.shape
        ctx.save_for_backward(context, *parameters)
        return after, log_det + change

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_value: Tensor, of_log_det: Tensor) -> tuple[Tensor | None, ...]:
        context, *parameters = ctx.saved_tensors  # refuses what was changed in place
        record, i, wanted = ctx.record, ctx.i, ctx.needs_input_grad[2:]
        step = record.steps[i]
        if [id(p) for p in step.parameters()] != [id(p) for p in parameters]:
            raise ConfigurationError(
                "Lean memory computes layers again on the way back, but their parameters are not "
                'those of the way there; use memory="plain" where parameters are swapped.'
            )
        with record.precision(of_value):
            value = record.input_of(i, context).detach().requires_grad_(wanted[0])
            if context is not None:
                context = context.detach().requires_grad_(wanted[2])
            with torch.enable_grad():
                after, change = step.there(value, context)
        sums = of_log_det.sum_to_size(change.shape)
        outputs = [(o, g) for o, g in ((after, of_value), (change, sums)) if o.requires_grad]
        inputs = [t for t in (value, context, *parameters) if t is not None and t.requires_grad]
        if not outputs:
            found: Iterator[Tensor | None] = itertools.repeat(None)
        else:
            results, seeds = zip(*outputs, strict=True)
            found = iter(torch.autograd.grad(results, inputs, seeds, allow_unused=True))
        return (
            None,
            None,
            next(found) if wanted[0] else None,
            of_log_det.sum_to_size(ctx.shape) if wanted[1] else None,
            next(found) if wanted[2] else None,
            *(next(found) for _ in parameters),
        )


def _random_state(like: Tensor) -> list[Tensor]:
    """Where torch's generators stand, on the host and on the device."""
    states = [torch.get_rng_state()]
    if like.device.type != "cpu":
        states.append(torch.get_device_module(like.device).get_rng_state())
    return states
