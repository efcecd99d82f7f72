"""The Sylvester flow of van den Berg et al. (2018): planar maps that act m at a time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Kind, Transform
from pushforward.transforms.gain import gain, stretch, undo, within_reach
from pushforward.transforms.linear import Orthogonal


class Sylvester(Transform):
    """x = z + Q·R·tanh(R̃·Qᵀ·z + b), with Q (d, m) orthonormal and R, R̃ upper triangular.

    By Sylvester's identity log|det| = Σ_i log(1 + r_ii·r̃_ii·(1 - tanh²)), O(d·m) with the map.

    Invertible whenever every r_ii·r̃_ii > -1 (van den Berg et al. 2018, theorem 2). Since tanh is
    odd, r̃_ii may be taken positive; r_ii·r̃_ii + 1 is a `gain` of a free parameter, which after
    Rezende & Mohamed (2015, appendix A) is positive, and 1 where all is zero: the identity. The
    columns of Q are the first m of a product of m Householder reflections.

    The inverse is triangular: with y = Qᵀ·z, coordinate i of Qᵀ·x holds only y_i, …, y_m, so from
    the last to the first each is the root of an increasing function of one number, found by
    bracketed Newton steps and differentiated implicitly; the kind is therefore "numerical".

    Args:
        features: d.
        columns: m, from 1 to d; d where None.
        context_features: where positive, R, R̃ and b also depend linearly on the context.

    Raises:
        ConfigurationError: fewer than 1 or more than d columns.

    Example:
        >>> layer = Sylvester(3, columns=2)
        >>> x, _ = layer.forward(torch.ones(4, 3))
        >>> bool((layer.residual(x) < 1e-5).all())
        True
    """

    event_ndim_in = event_ndim_out = 1
    kind: Kind = "numerical"
    cheap = frozenset({"forward"})

    def __init__(
        self, features: int, columns: int | None = None, context_features: int = 0
    ) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        m = features if columns is None else columns
        if not 1 <= m <= features:
            raise ConfigurationError(
                f"Sylvester of {features} features takes 1 to {features} columns, not {m}."
            )
        self.columns = m
        self.rotation = Orthogonal(features, reflections=m)
        nn.init.normal_(self.rotation.vectors)  # layers that start alike would learn alike
        self.outer = nn.Parameter(torch.zeros(m, m))
        self.inner = nn.Parameter(torch.zeros(m, m))
        self.b = nn.Parameter(torch.zeros(m))
        if context_features:
            self.amortize = nn.Linear(context_features, m * (2 * m + 1), bias=False)
            nn.init.zeros_(self.amortize.weight)

    def _parts(self, batch: torch.Size, context: Tensor | None) -> _Parts:
        outer: Tensor = self.outer
        inner: Tensor = self.inner
        b: Tensor = self.b
        if self.context_features and context is not None:
            m = self.columns
            shift = self.amortize(context.expand(*batch, -1))
            outer = outer + shift[..., : m * m].unflatten(-1, (m, m))
            inner = inner + shift[..., m * m : -m].unflatten(-1, (m, m))
            b = b + shift[..., -m:]
        g = gain(outer.diagonal(dim1=-2, dim2=-1))
        steep = gain(inner.diagonal(dim1=-2, dim2=-1))
        return _Parts(
            self.rotation.matrix()[:, : self.columns],
            outer.triu(1) + torch.diag_embed((g - 1) / steep),
            inner.triu(1) + torch.diag_embed(steep),
            b,
            g,
        )

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        parts = self._parts(z.shape[:-1], context)
        h = (_times(parts.inner, within_reach(z) @ parts.q) + parts.b).tanh()
        return z + parts.step(h), parts.log_det(h)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        parts = self._parts(x.shape[:-1], context)
        h = parts.solve(within_reach(x) @ parts.q)
        return x - parts.step(h), -parts.log_det(h)


@dataclass(frozen=True)
class _Parts:
    """Q (d, m), R and R̃ (…, m, m), b (…, m), and 1 + r_ii·r̃_ii (…, m), which is positive."""

    q: Tensor
    outer: Tensor
    inner: Tensor
    b: Tensor
    gain: Tensor

    def step(self, h: Tensor) -> Tensor:
        """Q·R·h, (…, d)."""
        return _times(self.outer, h) @ self.q.t()

    def log_det(self, h: Tensor) -> Tensor:
        """log|det| of the map where the hyperbolic tangents are h, (…)."""
        return stretch(h, self.gain).log().sum(-1)

    def solve(self, v: Tensor) -> Tensor:
        """h = tanh(R̃·y + b) for the y with y + R·h = v, from the last coordinate to the first."""
        m = v.shape[-1]
        y, h = v[..., m:], v[..., m:]  # what is known: coordinates i + 1 … m, none so far
        for i in reversed(range(m)):
            steep = self.inner[..., i, i]
            rest = (self.inner[..., i, i + 1 :] * y).sum(-1) + self.b[..., i]
            left = v[..., i] - (self.outer[..., i, i + 1 :] * h).sum(-1)
            # y_i + r_ii·tanh(a) = left with a = steep·y_i + rest, times steep, plus rest
            h_i = undo(steep * left + rest, self.gain[..., i], "Sylvester").tanh()
            y_i = left - self.outer[..., i, i] * h_i
            y, h = (torch.cat([new.unsqueeze(-1), old], -1) for new, old in ((y_i, y), (h_i, h)))
        return h


def _times(matrix: Tensor, vector: Tensor) -> Tensor:
    """matrix (…, m, m) by vector (…, m): sums in an order that the batch does not change."""
    return (matrix * vector.unsqueeze(-2)).sum(-1)
