"""What layers of images share: events (C, H, W), channels checked."""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.errors import ShapeError
from pushforward.transforms.base import Transform, accept_context


class ImageLayer(Transform):
    """A transform of images (*batch, C, H, W), of any height and width.

    Attributes:
        channels: C, or None for any.
    """

    event_ndim_in = event_ndim_out = 3
    channels: int | None = None

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        name = type(self).__name__
        if len(z_shape) != 3 or self.channels not in (None, z_shape[0]):
            raise ShapeError(
                f"{name} takes images of shape ({self._called()}, H, W), "
                f"but the event shape is {tuple(z_shape)}."
            )
        return z_shape

    def accept(self, value: Tensor, context: Tensor | None) -> None:
        name = type(self).__name__
        if not value.is_floating_point():
            raise ShapeError(f"{name} takes floating-point tensors, but was given {value.dtype}.")
        if value.ndim < 3 or self.channels not in (None, value.shape[-3]):
            raise ShapeError(
                f"{name} takes images of shape (*batch, {self._called()}, H, W), "
                f"but was given shape {tuple(value.shape)}."
            )
        accept_context(name, self.context_features, context)

    def _called(self) -> str:
        return "C" if self.channels is None else str(self.channels)
