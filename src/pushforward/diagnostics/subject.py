"""A flow and the points at which `check` measures it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.transforms import Affine, Compose


def rows(value: Any, like: Tensor) -> Tensor | None:
    """Rows as a tensor of the same precision, on the same device."""
    return None if value is None else torch.as_tensor(value).to(like)


@dataclass(frozen=True)
class Subject:
    """A flow and the points at which it is measured: x, z and context row by row."""

    flow: Flow
    x: Tensor
    z: Tensor
    context: Tensor | None
    unit: Tensor  # the spread of each coordinate of x, as a power of two
    unscored: int  # rows given whose log p is not finite

    def double(self) -> Subject:
        """The same in float64."""
        context = None if self.context is None else self.context.double()
        flow = copy.deepcopy(self.flow).double()
        return Subject(flow, self.x.double(), self.z.double(), context, self.unit.double(), 0)

    def in_units(self) -> tuple[Compose, Tensor, Tensor | None]:
        """The transform with x in units of its spread, that x, and the embedded context.

        Powers of two round nothing, and columns of every size then weigh the same. The parameters
        are frozen: only derivatives by the points are asked for.
        """
        embed, context = self.flow.embed, self.context
        if embed is not None and context is not None:
            context = embed(context).detach()
        layers = copy.deepcopy(list(self.flow.transform))
        transform = Compose([*layers, Affine(0.0, 1 / self.unit)]).requires_grad_(False)
        return transform, self.x / self.unit, context


@torch.no_grad()
def choose(flow: Flow, data: Tensor | None, context: Tensor | None) -> Subject:
    """Choose the rows: of the data, or else of the flow's own samples."""
    size = flow.event_shape.numel()
    count = min(max(1024 // size, 8), 128)
    if data is not None and not len(data):
        raise ConfigurationError("check needs at least one row of data, but was given none.")
    if context is not None and context.ndim == 1:
        context = context.expand(count if data is None else len(data), -1)
    if data is not None and context is not None and len(data) != len(context):
        raise ShapeError(f"check was given {len(data)} rows of data and {len(context)} contexts.")
    if data is not None:
        flow.log_prob(data[:1], None if context is None else context[:1])  # refuses a wrong shape
        chosen = torch.randperm(len(data))[:count].to(data.device)
        context = None if context is None else context[chosen]
        x = data[chosen]
    else:
        if context is not None:
            context = context[torch.arange(count, device=context.device) % len(context)]
        x = flow.sample(() if context is not None else (count,), context)
    good = flow.log_prob(x, context).isfinite()
    unscored = int((~good).sum())
    if bool(good.any()):
        x, context = x[good], None if context is None else context[good]
    z = flow.base.sample((len(x),))
    return Subject(flow, x, z, context, _spread(x), unscored)


def _spread(x: Tensor) -> Tensor:
    """The power of two nearest to each coordinate's deviation; 1 for one that does not vary."""
    deviation = x.double().std(0, correction=0)
    exact = torch.where(deviation > 0, deviation, 1.0).log2().round().exp2()
    return exact.to(x)
