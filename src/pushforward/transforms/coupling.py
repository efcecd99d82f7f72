"""Coupling: some features are transformed given the others, which stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.nets import MLP
from pushforward.transforms.base import Transform
from pushforward.univariate import Affine, Fast, Map, Univariate, orient


class Coupling(Transform):
    """Univariate maps of some features, with parameters computed from the others and the context.

    The Jacobian is triangular, so log|det| is a sum of one-dimensional terms, and both directions
    take one pass (Dinh et al. 2015, 2017). With one feature, or where all are transformed, the
    parameters depend on the context alone: this is also the conditional elementwise transform.

    Args:
        features: d.
        univariate: the map of one number, from `pushforward.univariate`.
        transformed: indices of the features that are moved; the second half where None.
        context_features: length of the context vector, 0 for none.
        hidden: widths of the conditioner's hidden layers.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        fast: the direction that gets the map's explicit formula.

    Raises:
        ConfigurationError: an index out of range or repeated, or none at all.

    Example:
        >>> layer = Coupling(4, hidden=(16,))
        >>> x, log_det = layer.forward(torch.randn(5, 4))
        >>> x.shape, log_det.shape
        (torch.Size([5, 4]), torch.Size([5]))
    """

    event_ndim_in = event_ndim_out = 1
    moved: Tensor
    kept: Tensor
    restore: Tensor

    def __init__(
        self,
        features: int,
        univariate: Univariate | None = None,
        transformed: Sequence[int] | None = None,
        context_features: int = 0,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        fast: Fast = "density",
    ) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        self.univariate = Affine() if univariate is None else univariate
        self._generate, self._normalize = orient(self.univariate, fast)
        if self.univariate.cheap != self.cheap:
            self.cheap = frozenset({"inverse" if fast == "density" else "forward"})
        chosen = range(features // 2, features) if transformed is None else transformed
        moved = sorted({int(i) for i in chosen})
        if not moved or len(moved) != len(chosen) or not 0 <= moved[0] <= moved[-1] < features:
            raise ConfigurationError(
                f"transformed must name some of the features 0 … {features - 1}, each once, "
                f"but is {list(chosen)}."
            )
        kept = [i for i in range(features) if i not in set(moved)]
        for name, index in (("kept", kept), ("moved", moved)):
            self.register_buffer(name, torch.tensor(index, dtype=torch.long), persistent=False)
        restore = torch.tensor(kept + moved).argsort()
        self.register_buffer("restore", restore, persistent=False)
        n_out = len(moved) * self.univariate.n_params
        self.conditioner = MLP(len(kept), n_out, hidden, context_features, activation)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self._generate, z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self._normalize, x, context)

    def _apply_map(
        self, function: Map, value: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        self.accept(value, context)
        kept, moved = value.index_select(-1, self.kept), value.index_select(-1, self.moved)
        params = self.conditioner(kept, context if self.context_features else None)
        # A network may have computed in bfloat16; maps and log-dets never do.
        params = params.unflatten(-1, (len(self.moved), -1)).to(value.dtype)
        moved, log_det = function(moved, params)
        value = torch.cat([kept, moved], dim=-1).index_select(-1, self.restore)
        return value, log_det.sum(-1)
