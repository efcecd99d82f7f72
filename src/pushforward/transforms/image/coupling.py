"""Coupling of images: some channels, or every other pixel, are transformed given the rest."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.nets import CONVOLUTIONS
from pushforward.transforms.image.layer import ImageLayer
from pushforward.transforms.image.planes import by_planes
from pushforward.univariate import Affine, Fast, Univariate, orient

COLOURS = ("black", "white")  # of a checkerboard: i + j even, i + j odd


class ImageCoupling(ImageLayer):
    """Univariate maps of some numbers of an image, with parameters that a network of convolutions
    computes from the others and the context.

    The Jacobian is triangular, as in `Coupling` (Dinh et al. 2017, section 3.4; Kingma & Dhariwal
    2018, section 3.3). Where all channels are transformed the parameters depend on the context and
    the place alone.

    Args:
        channels: C.
        univariate: the map of one number, from `pushforward.univariate`; affine where None.
        transformed: indices of the channels that are moved; "black" or "white" for the pixels of a
            checkerboard, in every channel; the second half of the channels where None.
        context_features: length of the context vector, 0 for none.
        hidden: channels of the network's hidden layers.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        net: "plain" (`ConvNet`) or "residual" (`ResidualConvNet`).
        fast: the direction that gets the map's explicit formula.

    Raises:
        ConfigurationError: a channel out of range or repeated, none at all, or an unknown name.

    Example:
        >>> layer = ImageCoupling(4, hidden=(8, 8))
        >>> x, log_det = layer.forward(torch.randn(5, 4, 6, 6))
        >>> x.shape, log_det.shape
        (torch.Size([5, 4, 6, 6]), torch.Size([5]))
    """

    moved: Tensor
    kept: Tensor
    restore: Tensor

    def __init__(
        self,
        channels: int,
        univariate: Univariate | None = None,
        transformed: Sequence[int] | str | None = None,
        context_features: int = 0,
        hidden: Sequence[int] = (64, 64),
        activation: str = "relu",
        net: str = "plain",
        fast: Fast = "density",
    ) -> None:
        super().__init__()
        self.channels, self.context_features = channels, context_features
        self.univariate = Affine() if univariate is None else univariate
        orient(self.univariate, fast)  # refuses any other word
        self.fast, self.kind = fast, self.univariate.kind
        if self.univariate.cheap != self.cheap:
            self.cheap = frozenset({"inverse" if fast == "density" else "forward"})
        if net not in CONVOLUTIONS:
            raise ConfigurationError(
                f"net must be one of {', '.join(CONVOLUTIONS)}, but is {net!r}."
            )
        self.colour = transformed if isinstance(transformed, str) else None
        moved, kept = self._parts(channels, transformed)
        for name, index in (("kept", kept), ("moved", moved)):
            self.register_buffer(name, torch.tensor(index, dtype=torch.long), persistent=False)
        restore = torch.tensor(kept + moved).argsort()
        self.register_buffer("restore", restore, persistent=False)
        inputs = channels if self.colour else len(kept)
        n_out = len(moved) * self.univariate.n_params
        self.conditioner = CONVOLUTIONS[net](inputs, n_out, hidden, context_features, activation)

    @staticmethod
    def _parts(
        channels: int, transformed: Sequence[int] | str | None
    ) -> tuple[list[int], list[int]]:
        """The channels that are moved, and those that are kept."""
        if isinstance(transformed, str):
            if transformed not in COLOURS:
                raise ConfigurationError(
                    f"The pixels of a checkerboard are {' or '.join(COLOURS)}, not {transformed!r}."
                )
            return list(range(channels)), []
        chosen = range(channels // 2, channels) if transformed is None else transformed
        moved = sorted({int(i) for i in chosen})
        if not moved or len(moved) != len(chosen) or not 0 <= moved[0] <= moved[-1] < channels:
            raise ConfigurationError(
                f"transformed must name some of the channels 0 … {channels - 1}, each once, "
                f"but is {list(chosen)}."
            )
        outside = set(range(channels)) - set(moved)
        return moved, sorted(outside)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self.fast == "density", z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self.fast == "sampling", x, context)

    def _apply_map(
        self, inverse: bool, value: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The univariate map, or its inverse, of the numbers that are moved."""
        self.accept(value, context)
        images, context = self._rows(value, context, 3)
        if self.colour:
            result, log_det = self._by_pixels(inverse, images, context)
        else:
            kept = images.index_select(1, self.kept)
            moved, log_det = self._move(
                inverse, images.index_select(1, self.moved), self.conditioner(kept, context)
            )
            result = torch.cat([kept, moved], dim=1).index_select(1, self.restore)
        return result.reshape(value.shape), log_det.flatten(1).sum(1).reshape(value.shape[:-3])

    def _by_pixels(
        self, inverse: bool, images: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """All pixels are mapped, and those of the other colour put back."""
        chosen = self._checkerboard(images)
        params = self.conditioner(torch.where(chosen, 0.0, images), context)
        moved, log_det = self._move(inverse, images, params)
        return torch.where(chosen, moved, images), torch.where(chosen, log_det, 0.0)

    def _checkerboard(self, images: Tensor) -> Tensor:
        """Which pixels are moved, (H, W)."""
        height, width = images.shape[-2:]
        rows = torch.arange(height, device=images.device)[:, None]
        columns = torch.arange(width, device=images.device)
        return (rows + columns) % 2 == COLOURS.index(str(self.colour))

    def _move(self, inverse: bool, images: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """(n, M, H, W) with parameters (n, M·P, H, W) -> values, log-derivatives (n, M, H, W)."""
        function = self.univariate.inverse if inverse else self.univariate.forward
        by_channel = params.unflatten(1, (images.shape[1], self.univariate.n_params))
        value, log_det = by_planes(function, images.flatten(2), by_channel.flatten(3))
        return value.reshape(images.shape), log_det.reshape(images.shape)
