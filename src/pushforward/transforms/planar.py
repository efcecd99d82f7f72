"""The planar flow of Rezende & Mohamed (2015), with an invertibility that cannot be lost."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pushforward.transforms.base import Kind, Transform
from pushforward.transforms.gain import gain, stretch, surplus, undo, within_reach


class Planar(Transform):
    """x = z + u·tanh(w·z + b); log|det| = log(1 + (w·u)·(1 - tanh²)), O(d).

    Invertible whenever w·u > -1. The u that is used is moved along w until that holds:
    û = u + (m(w·u) - w·u)·w/|w|², after Rezende & Mohamed 2015, appendix A.1, here with
    m(a) = softplus(a + log(e - 1)) - 1, so that m(0) = 0 and u = 0 is the identity.

    The inverse is one-dimensional: a = w·z + b solves a + (w·û)·tanh(a) = w·x + b, an increasing
    function whose root lies within |w·û| of the right-hand side. It is found by bracketed Newton
    steps and differentiated implicitly; the kind is therefore "numerical".

    Args:
        features: d.
        context_features: where positive, u, w and b also depend linearly on the context.

    Example:
        >>> layer = Planar(2)
        >>> x, _ = layer.forward(torch.ones(4, 2))
        >>> bool((layer.residual(x) < 1e-5).all())
        True
    """

    event_ndim_in = event_ndim_out = 1
    kind: Kind = "numerical"
    cheap = frozenset({"forward"})

    def __init__(self, features: int, context_features: int = 0) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        self.u = nn.Parameter(torch.zeros(features))
        self.w = nn.Parameter(torch.randn(features) / math.sqrt(features))
        self.b = nn.Parameter(torch.zeros(()))
        if context_features:
            self.amortize = nn.Linear(context_features, 2 * features + 1, bias=False)
            nn.init.zeros_(self.amortize.weight)

    def _vectors(
        self, batch: torch.Size, context: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """û (…, d), w (…, d), b (…), and 1 + w·û (…), which is positive."""
        u: Tensor = self.u
        w: Tensor = self.w
        b: Tensor = self.b
        if self.context_features and context is not None:
            d = len(self.u)
            shift = self.amortize(context.expand(*batch, -1))
            u, w, b = u + shift[..., :d], w + shift[..., d : 2 * d], b + shift[..., -1]
        wu = (w * u).sum(-1)
        wanted = surplus(wu)
        square = w.square().sum(-1).clamp(min=torch.finfo(w.dtype).tiny)
        u = u + ((wanted - wu) / square).unsqueeze(-1) * w
        return u, w, b, gain(wu)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        u, w, b, g = self._vectors(z.shape[:-1], context)
        h = ((w * within_reach(z)).sum(-1) + b).tanh()
        return z + u * h.unsqueeze(-1), stretch(h, g).log()

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        u, w, b, g = self._vectors(x.shape[:-1], context)
        h = undo((w * within_reach(x)).sum(-1) + b, g, "Planar").tanh()
        return x - u * h.unsqueeze(-1), -stretch(h, g).log()
