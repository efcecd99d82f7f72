"""Autoregressive: each feature is transformed given those before it in one order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.nets import MADE
from pushforward.transforms.base import Transform
from pushforward.univariate import Affine, Fast, Univariate, orient


class Autoregressive(Transform):
    """Univariate maps of all features, each with parameters computed from those before it.

    With `fast="density"` the parameters come from the data's predecessors: the inverse is one pass
    (MAF, Papamakarios et al. 2017). With `fast="sampling"` they come from the latents'
    predecessors: the forward direction is one pass (IAF, Kingma et al. 2016). The other direction
    goes feature by feature through the conditioner's incremental interface, at the cost of about
    one dense pass in all, and is exact.

    Args:
        features: d.
        univariate: the map of one number, from `pushforward.univariate`.
        order: order[0] is transformed on the context alone, and so on; natural where None.
        context_features: length of the context vector, 0 for none.
        hidden: widths of the conditioner's hidden layers.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        fast: the direction that takes one pass.

    Example:
        >>> layer = Autoregressive(4, hidden=(16,))
        >>> x = torch.randn(5, 4)
        >>> z, log_det = layer.inverse(x)
        >>> torch.allclose(layer.forward(z)[0], x, atol=1e-5)
        True
    """

    event_ndim_in = event_ndim_out = 1

    def __init__(
        self,
        features: int,
        univariate: Univariate | None = None,
        order: Sequence[int] | None = None,
        context_features: int = 0,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        fast: Fast = "density",
    ) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        self.univariate, self.fast = Affine() if univariate is None else univariate, fast
        orient(self.univariate, fast)  # refuses any other word
        self.cheap = frozenset({"inverse" if fast == "density" else "forward"})
        self.conditioner = MADE(
            features, self.univariate.n_params, hidden, context_features, order, activation
        )

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return self._one_pass(z, context) if self.fast == "sampling" else self._walk(z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return self._one_pass(x, context) if self.fast == "density" else self._walk(x, context)

    def _one_pass(self, value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """All features at once, each from the values given before it."""
        params = self.conditioner(value, context if self.context_features else None)
        result, log_det = self.univariate.forward(value, params)
        return result, log_det.sum(-1)

    def _walk(self, value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Feature by feature, each from the results found before it."""
        walk = self.conditioner.incremental(value, context if self.context_features else None)
        order = self.conditioner.order.tolist()
        results: list[Tensor] = [value] * len(order)
        log_det = value.new_zeros(value.shape[:-1])
        for feature in order:
            results[feature], change = self.univariate.inverse(value[..., feature], walk.next())
            log_det = log_det + change
            walk.feed(results[feature])
        return torch.stack(results, dim=-1), log_det
