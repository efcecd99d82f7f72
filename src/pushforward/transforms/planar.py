"""The planar flow of Rezende & Mohamed (2015), with an invertibility that cannot be lost."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pushforward.numerics import increasing_root
from pushforward.transforms.base import Kind, Transform


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
        gain = softplus(wu + math.log(math.expm1(1.0)))
        # gain - 1, and near 0, where that would cancel, the same as log(1 + (1 - 1/e)(exp(a) - 1))
        near = torch.log1p(-math.expm1(-1.0) * torch.expm1(wu.clamp(max=1.0)))
        wanted = torch.where(wu < 1.0, near, gain - 1)
        square = w.square().sum(-1).clamp(min=torch.finfo(w.dtype).tiny)
        u = u + ((wanted - wu) / square).unsqueeze(-1) * w
        return u, w, b, gain

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        u, w, b, gain = self._vectors(z.shape[:-1], context)
        a = (w * z).sum(-1) + b
        return z + u * a.tanh().unsqueeze(-1), self._slope(a, gain).log()

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        u, w, b, gain = self._vectors(x.shape[:-1], context)
        target = (w * x).sum(-1) + b
        wu = gain - 1

        def excess(a: Tensor) -> tuple[Tensor, Tensor]:
            return a + wu * a.tanh() - target, self._slope(a, gain)

        reach = wu.detach().abs() + 1e-3 * (1 + target.detach().abs())
        a = increasing_root(excess, target.detach() - reach, target.detach() + reach, name="Planar")
        # One Newton step from the root leaves it in place and carries the implicit derivative.
        value, slope = excess(a)
        a = a - value / slope.detach()
        return x - u * a.tanh().unsqueeze(-1), -self._slope(a, gain).log()

    @staticmethod
    def _slope(a: Tensor, gain: Tensor) -> Tensor:
        """1 + (w·û)·sech²(a), as a sum of positive terms."""
        tanh2 = a.tanh().square()
        return (1 - tanh2) * gain + tanh2
