"""Coupling: some features are transformed given the others, which stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.kernels.layer import Call, Plan, available, layer
from pushforward.nets import MLP
from pushforward.transforms.base import Transform
from pushforward.univariate import Affine, Fast, Univariate, orient


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
        orient(self.univariate, fast)  # refuses any other word
        self.fast, self.kind = fast, self.univariate.kind
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

    @cached_property
    def _plan(self) -> Plan:
        """The layer feature by feature, those that stay first: all units wait for just those."""
        kept, moved = self.kept.tolist(), self.moved.tolist()
        n_params = self.univariate.n_params
        slots = [0 for _ in kept] + [i * n_params for i in range(len(moved))]
        ends = [[0 for _ in kept] + [width for _ in moved] for width in self.conditioner.widths]
        return Plan(kept + moved, len(kept), slots, ends, self.conditioner.activation)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self.fast == "density", z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self._apply_map(self.fast == "sampling", x, context)

    def _apply_map(
        self, inverse: bool, value: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The univariate map, or its inverse, of the features that are moved."""
        self.accept(value, context)
        context = context if self.context_features else None
        done = self._compiled(inverse, value, context)
        if done is not None:
            return done
        kept, moved = value.index_select(-1, self.kept), value.index_select(-1, self.moved)
        params = self.conditioner(kept, context)
        # A network may have computed in bfloat16; maps and log-dets never do.
        params = params.unflatten(-1, (len(self.moved), -1)).to(value.dtype)
        function = self.univariate.inverse if inverse else self.univariate.forward
        moved, log_det = function(moved, params)
        value = torch.cat([kept, moved], dim=-1).index_select(-1, self.restore)
        return value, log_det.sum(-1)

    def _compiled(
        self, inverse: bool, value: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor] | None:
        """The same in compiled code; None where there is none."""
        fused = self.univariate.fused
        net = self.conditioner
        if fused is None or not net.in_features:
            return None
        if not available(fused, net.activation, len(net.widths) + 1, value):
            return None
        batch = value.shape[:-1]
        if context is not None:
            context = context.expand(*batch, -1).reshape(batch.numel(), context.shape[-1])
        rows = value.reshape(batch.numel(), value.shape[-1])
        call = Call(self._plan, fused, inverse, solve=False)
        done = layer(call, rows, *self.conditioner.sources(context))
        return None if done is None else (done[0].reshape(value.shape), done[1].reshape(batch))
