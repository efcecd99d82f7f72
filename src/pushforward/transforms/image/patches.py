"""An image as a sequence of patches, each moved given those before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.constraints import Interval
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.nets import CausalTransformer
from pushforward.transforms.base import Transform
from pushforward.transforms.image.planes import by_planes
from pushforward.transforms.image.reshape import Reshape
from pushforward.univariate import Affine, Map, Univariate


class Patches(Transform):
    """z (T, P), a sequence of patches <-> x (C, H, W); log|det| = 0.

    Patches are taken row by row, the P = C·patch² numbers of each channel by channel.

    Args:
        shape: (C, H, W).
        patch: the side of a patch.

    Raises:
        ConfigurationError: patches of that side do not tile such an image.

    Example:
        >>> z, log_det = Patches((1, 2, 4), 2).inverse(torch.arange(8.0).reshape(1, 2, 4))
        >>> z.tolist()
        [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """

    event_ndim_in, event_ndim_out = 2, 3

    def __init__(self, shape: Sequence[int], patch: int) -> None:
        super().__init__()
        channels, height, width = shape
        if patch < 1 or height % patch or width % patch:
            raise ConfigurationError(
                f"Patches of {patch}×{patch} pixels do not tile an image of {height}×{width}; "
                "take a patch that divides both sides."
            )
        rows, columns = height // patch, width // patch
        self.features = channels * patch * patch
        self.cut = Reshape((channels, rows, patch, columns, patch), shape)
        tiles = (rows, columns, channels, patch, patch)
        self.flat = Reshape((rows * columns, self.features), tiles)

    def image(self, interval: Interval) -> Interval:
        return interval

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        self.flat.event_shape(z_shape)
        return self.cut.x_shape

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        tiles, _ = self.flat.forward(z)
        return self.cut.forward(tiles.movedim((-5, -4), (-4, -2)))

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        tiles, _ = self.cut.inverse(x)
        return self.flat.inverse(tiles.movedim((-4, -2), (-5, -4)))


class PatchAutoregressive(Transform):
    """Univariate maps of the numbers of each patch, with parameters computed from those before it.

    The Jacobian is triangular by blocks, and within each block diagonal (Zhai et al. 2024,
    "Normalizing Flows are Capable Generative Models", section 3.1). The inverse is one pass; the
    forward direction goes patch by patch and keeps what its network has made of those before, so
    that all of them take the multiplications of one pass (in smaller products, so more time).

    Args:
        tokens: T, how many patches.
        features: P, how many numbers each has.
        univariate: the map of one number, affine where None.
        reverse: is the last patch the first to be moved?
        context_features: length of the context vector, 0 for none.
        layers, width, heads, activation: of the network, `pushforward.nets.CausalTransformer`.

    Attributes:
        cached: False to go without what is kept, by one pass of the network for each patch: what
            the other way is held to.

    Raises:
        ConfigurationError: as `CausalTransformer`.

    Example:
        >>> layer = PatchAutoregressive(6, 4, width=8, heads=2)
        >>> x = torch.randn(5, 6, 4)
        >>> z, log_det = layer.inverse(x)
        >>> log_det.shape, torch.allclose(layer.forward(z)[0], x, atol=1e-5)
        (torch.Size([5]), True)
    """

    event_ndim_in = event_ndim_out = 2
    features: int
    cheap = frozenset({"inverse"})

    def __init__(
        self,
        tokens: int,
        features: int,
        univariate: Univariate | None = None,
        reverse: bool = False,
        context_features: int = 0,
        layers: int = 2,
        width: int = 64,
        heads: int = 4,
        activation: str = "gelu",
    ) -> None:
        super().__init__()
        self.tokens, self.features, self.context_features = tokens, features, context_features
        self.univariate = Affine() if univariate is None else univariate
        self.kind, self.reverse, self.cached = self.univariate.kind, reverse, True
        n_out = features * self.univariate.n_params
        self.conditioner = CausalTransformer(
            tokens, features, n_out, layers, width, heads, context_features, activation
        )

    def event_shape(self, z_shape: torch.Size) -> torch.Size:
        if z_shape != torch.Size((self.tokens, self.features)):
            raise ShapeError(
                f"PatchAutoregressive takes {self.tokens} patches of {self.features} numbers, "
                f"but the event shape is {tuple(z_shape)}."
            )
        return z_shape

    def accept(self, value: Tensor, context: Tensor | None) -> None:
        super().accept(value, context)
        if value.ndim < 2 or value.shape[-2] != self.tokens:
            raise ShapeError(
                f"PatchAutoregressive takes shape (*batch, {self.tokens}, {self.features}), "
                f"but was given shape {tuple(value.shape)}."
            )

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        sequences, given = self._sequences(x, context)
        params = self.conditioner(sequences, given)
        return self._back(x, *self._move(self.univariate.forward, sequences, params))

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        way = self._walk if self.cached else self._pass_by_pass
        return self._back(z, *way(*self._sequences(z, context)))

    def _walk(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        walk = self.conditioner.walk(len(z), context)
        found = []
        for patch in z.split(1, 1):
            x, log_det = self._move(self.univariate.inverse, patch, walk.next())
            walk.feed(x)
            found.append((x, log_det))
        xs, log_dets = zip(*found, strict=True)
        return torch.cat(xs, 1), torch.cat(log_dets, 1)

    def _pass_by_pass(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        x, log_det = z[:, :0], z[:, :0]
        for t in range(self.tokens):
            known = torch.cat([x, z[:, t:]], 1)
            params = self.conditioner(known, context)[:, t : t + 1]
            found, change = self._move(self.univariate.inverse, z[:, t : t + 1], params)
            x, log_det = torch.cat([x, found], 1), torch.cat([log_det, change], 1)
        return x, log_det

    def _move(self, function: Map, value: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """(n, t, P) with what the network says of them, (n, t, n_params·P)."""
        by_patch = params.unflatten(-1, (self.univariate.n_params, self.features))
        return by_planes(function, value, by_patch)

    def _sequences(self, value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(*batch, T, P) and a context as (n, T, P) in the order of the walk, and (n, c)."""
        sequences, context = self._rows(value, context, 2)
        return sequences.flip(1) if self.reverse else sequences, context

    def _back(self, like: Tensor, value: Tensor, log_det: Tensor) -> tuple[Tensor, Tensor]:
        """The values as they were given, and each event's log-det."""
        if self.reverse:
            value = value.flip(1)
        return value.reshape(like.shape), log_det.sum((1, 2)).reshape(like.shape[:-2])
