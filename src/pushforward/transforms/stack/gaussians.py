"""A member that is a sum of Gaussians: one, a mixture, or a kernel estimate."""

from __future__ import annotations

import torch
from torch import Tensor

from pushforward.transforms.stack.conditionals import (
    FARTHEST,
    LOG_2PI,
    Conditionals,
    foretold,
    mixed,
    of_normal,
)
from pushforward.transforms.stack.member import Member

MOST = 1 << 22  # numbers of one table in a chunk of rows


class Gaussians(Member):
    """Σ_m w_m N(loc_m, L_m·L_mᵀ) of the context and the features together, given the context.

    Its numbers are set by `place`; a kernel estimate is the case in which all share one L.

    Args:
        features: d.
        components: M.
        shared: do all components have one covariance?
        context_features: c; the first c coordinates of every component are the context's.

    Example:
        >>> member = Gaussians(2, components=3)
        >>> member.conditionals(torch.zeros(5, 2)).log_prob.shape
        torch.Size([5, 2])
    """

    log_weights: Tensor
    loc: Tensor
    whiten: Tensor

    def __init__(
        self, features: int, components: int, shared: bool = False, context_features: int = 0
    ) -> None:
        super().__init__(features, context_features)
        n = context_features + features
        self.register_buffer("log_weights", torch.zeros(components))
        self.register_buffer("loc", torch.zeros(components, n))
        self.register_buffer("whiten", torch.eye(n).repeat(1 if shared else components, 1, 1))

    @torch.no_grad()
    def place(self, log_weights: Tensor, loc: Tensor, scale_tril: Tensor) -> None:
        """Set the weights (M), the means (M, c + d) and the factors L (M or 1, c + d, c + d)."""
        eye = torch.eye(loc.shape[-1], dtype=scale_tril.dtype)
        self.log_weights.copy_(log_weights.log_softmax(0))
        self.loc.copy_(loc)
        self.whiten.copy_(torch.linalg.solve_triangular(scale_tril, eye, upper=False))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Conditionals:
        parts = [self._some(some) for some in self._chunks(x, context)]
        if len(parts) == 1:
            return parts[0]
        fields = zip(*((p.log_prob, p.log_cdf, p.log_sf) for p in parts), strict=True)
        return Conditionals(*(torch.cat(field) for field in fields))

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        return torch.cat([self._density(some) for some in self._chunks(x, context)])

    def generate(
        self, z: Tensor, context: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        c = self.context_features
        eye = torch.eye(self.loc.shape[-1]).to(self.whiten)
        tril = torch.linalg.solve_triangular(self.whiten, eye, upper=False)  # (M or 1, n, n)
        weights = self.log_weights.expand(len(z), -1)
        given = None if context is None or not c else context
        if given is not None:
            weights = weights + self._whitened(given)[1].sum(-1).t()
        chosen = torch.multinomial(weights.softmax(-1), 1, generator=generator)[:, 0]
        shape = chosen if len(tril) > 1 else torch.zeros_like(chosen)
        loc, factor = self.loc[chosen], tril[shape]
        if given is not None:
            whiten = self.whiten[shape, :c, :c]
            known = (whiten @ (given - loc[:, :c])[..., None])[..., 0]
            z = torch.cat([known, z], 1)
        return (loc + (factor @ z[..., None])[..., 0])[:, c:]

    def _chunks(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, ...]:
        """Context and features of so many rows that a table of all components is bounded."""
        joint = x if context is None or not self.context_features else torch.cat([context, x], -1)
        return joint.split(max(1, MOST // self.loc.numel()))

    def _whitened(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """z and its log densities with slopes, (M, rows, k), of the first k coordinates."""
        k = joint.shape[-1]
        whiten = self.whiten[:, :k, :k].transpose(-1, -2)
        if len(whiten) == len(self.loc):
            z = (joint - self.loc[:, None, :k]) @ whiten
        else:  # one covariance: each side once
            z = joint @ whiten[0] - (self.loc[:, :k] @ whiten[0])[:, None]
        held = z.clamp(-FARTHEST, FARTHEST)
        return z, self.log_slope()[:, None, :k] - 0.5 * (held.square() + LOG_2PI)

    def _some(self, joint: Tensor) -> Conditionals:
        z, log_prob = self._whitened(joint)
        each = of_normal(z, self.log_slope()[:, None])
        before = foretold(self.log_weights[:, None], log_prob)
        c = self.context_features
        return mixed(before[..., c:], each[..., c:])

    def _density(self, joint: Tensor) -> Tensor:
        c = self.context_features
        each = self._whitened(joint)[1]
        weights = self.log_weights[:, None]
        before = (weights + each[..., :c].sum(-1)).log_softmax(0)
        return torch.logsumexp(before + each[..., c:].sum(-1), 0)

    def log_slope(self) -> Tensor:
        """log dz_j/dx_j, (M or 1, c + d)."""
        return self.whiten.diagonal(dim1=-2, dim2=-1).log()

    def walk(self, like: Tensor, context: Tensor | None = None) -> GaussiansWalk:
        return GaussiansWalk(self, like, context)


class GaussiansWalk:
    """Feature by feature: what the components expect of the next one, and how they are weighed."""

    @torch.no_grad()
    def __init__(self, member: Gaussians, like: Tensor, context: Tensor | None) -> None:
        self.loc, self.whiten = member.loc, member.whiten
        self.slopes = member.log_slope()
        self.centred = like.new_empty(len(self.loc), len(like), self.loc.shape[-1])
        self.weights = member.log_weights[:, None].expand(-1, len(like))
        self.step = 0
        self._expect()
        if context is not None:
            for value in context.expand(len(like), -1).unbind(-1)[: member.context_features]:
                self.feed(value)

    def _expect(self) -> None:
        """What the features before contribute to z of the next one, (M, rows)."""
        j = self.step
        row = self.whiten[:, j, :j, None]  # (M or 1, j, 1)
        self.known = (self.centred[..., :j] @ row)[..., 0]

    def _each(self, value: Tensor) -> Conditionals:
        j = self.step
        z = self.known + self.whiten[:, j, j, None] * (value - self.loc[:, j, None])
        return of_normal(z, self.slopes[:, j, None])

    def at(self, value: Tensor) -> Conditionals:
        return mixed(self.weights, self._each(value))

    def feed(self, value: Tensor) -> None:
        self.weights = self.weights + self._each(value).log_prob
        self.centred[..., self.step] = value - self.loc[:, self.step, None]
        self.step += 1
        if self.step < self.loc.shape[-1]:
            self._expect()
