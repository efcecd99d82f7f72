"""A mixture of triangular densities as one triangular transform."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.numerics import increasing_root
from pushforward.transforms.base import Base, Transform
from pushforward.transforms.stack.conditionals import Conditionals, foretold, latent, mixed
from pushforward.transforms.stack.member import Member, MemberWalk

REACH = 8.0  # the first bracket of a root, in the members' own units


class Stack(Transform):
    """z_j = Φ⁻¹(Σ_k w_k(x_<j)·F_k(x_j | x_<j)): the mixture Σ_k w_k p_k(x), and its latents.

    The members share one order of the features, so that the mixture's conditionals are those of its
    members, weighed by w_k(x_<j) ∝ w_k·p_k(x_<j). With the base N(0, I) the density is the joint
    mixture exactly. The inverse is closed form; the forward direction solves for each feature in
    turn, between the members' own quantiles.

    Args:
        members: of the same features and context.

    Raises:
        ConfigurationError: no members, or members of different lengths.

    Example:
        >>> from pushforward.transforms.stack import Gaussians
        >>> layer = Stack([Gaussians(2, 3), Gaussians(2, 1)])
        >>> z, log_det = layer.inverse(torch.ones(5, 2))
        >>> torch.allclose(layer.forward(z)[0], torch.ones(5, 2), atol=1e-4)
        True
    """

    event_ndim_in = event_ndim_out = 1
    cheap = frozenset({"inverse"})
    features: int
    log_weights: Tensor

    def __init__(self, members: Iterable[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        sizes = {(m.features, m.context_features) for m in self.members}  # type: ignore[union-attr]
        if len(sizes) != 1:
            raise ConfigurationError(
                "A stack needs members of the same features and context, but was given "
                f"{sorted(sizes) or 'none'}."
            )
        ((self.features, self.context_features),) = sizes  # type: ignore[assignment]
        count = len(self.members)
        self.register_buffer("log_weights", torch.full((count,), -math.log(count)))

    @torch.no_grad()
    def weigh(self, weights: Tensor) -> None:
        """Set the members' weights (K), positive; they are made to add up to one."""
        self.log_weights.copy_((weights.double() / weights.double().sum()).log())

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        rows, given = self._rows(x, context)
        z, log_slope = self._inverse(rows, given)
        return z.reshape(x.shape), log_slope.sum(-1).reshape(x.shape[:-1])

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        rows, given = self._rows(z, context)
        x = self._solve(rows.detach(), given)
        found, log_slope = self._inverse(x, given)
        if torch.is_grad_enabled() and (found.requires_grad or rows.requires_grad):
            x = self._attached(rows, x, given)
            _, log_slope = self._inverse(x, given)
        return x.reshape(z.shape), -log_slope.sum(-1).reshape(z.shape[:-1])

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        for member in self.members:
            member.initialize(x, context, weight)  # type: ignore[operator]

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of N(0, I): the mixture's log density, without latents, and zero."""
        if not getattr(base, "standard", False):
            return super().terms(base, x, context)
        self.accept(x, context)
        rows, given = self._rows(x, context)
        each = [m.log_prob(rows, given) for m in self.members]  # type: ignore[operator]
        log_prob = torch.logsumexp(self.log_weights.log_softmax(0)[:, None] + torch.stack(each), 0)
        log_prob = log_prob.reshape(x.shape[:-1])
        return log_prob, torch.zeros_like(log_prob)

    def generate(
        self, z: Tensor, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Each row from one member, drawn by its weight: the mixture's law, without roots."""
        self.accept(z, context)
        rows, given = self._rows(z, context)
        if not len(rows):
            return z
        weights = self.log_weights.exp()
        chosen = torch.multinomial(weights, len(rows), replacement=True, generator=generator)
        x = torch.empty_like(rows)
        for k, member in enumerate(self.members):
            (index,) = (chosen == k).nonzero(as_tuple=True)
            if len(index):
                some = None if given is None else given[index]
                x[index] = member.generate(rows[index], some, generator)  # type: ignore[operator]
        return x.reshape(z.shape)

    def _inverse(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """z and log dz_j/dx_j, each (rows, d)."""
        each = [member.conditionals(x, context) for member in self.members]  # type: ignore[operator]
        parts = _stacked(each)
        return latent(mixed(foretold(self.log_weights[:, None], parts.log_prob), parts))

    @torch.no_grad()
    def _solve(self, z: Tensor, context: Tensor | None) -> Tensor:
        """x (rows, d) with inverse(x) = z, feature by feature."""
        walks: list[MemberWalk] = [m.walk(z, context) for m in self.members]  # type: ignore[operator]
        weights = self.log_weights[:, None].expand(-1, len(z))
        x = torch.empty_like(z)
        for j in range(self.features):

            def excess(
                value: Tensor, j: int = j, weights: Tensor = weights
            ) -> tuple[Tensor, Tensor]:
                found, log_slope = latent(mixed(weights, _stacked([w.at(value) for w in walks])))
                return found - z[:, j], log_slope.exp()

            reach = torch.full_like(z[:, j], REACH)
            x[:, j] = increasing_root(excess, -reach, reach, name="Stack")
            log_prob = torch.stack([w.at(x[:, j]).log_prob for w in walks])
            weights = (weights + log_prob).log_softmax(0)
            for w in walks:
                w.feed(x[:, j])
        return x

    def _attached(self, z: Tensor, x: Tensor, context: Tensor | None) -> Tensor:
        """x with its derivative, by the implicit function theorem: dx = J⁻¹(dz - ∂z(x)/∂θ·dθ)."""
        with torch.enable_grad():
            free = x.detach().requires_grad_()
            found, _ = self._inverse(free, context)
            columns = [
                torch.autograd.grad(found[:, j].sum(), free, retain_graph=True)[0]
                for j in range(self.features)
            ]
            fixed, _ = self._inverse(x.detach(), context)
        jacobian = torch.stack(columns, 1).detach()  # (rows, d, d), lower triangular
        step = torch.linalg.solve_triangular(jacobian, (z - fixed)[..., None], upper=False)
        return x.detach() + (step - step.detach())[..., 0]


def _stacked(each: list[Conditionals]) -> Conditionals:
    return Conditionals(
        torch.stack([c.log_prob for c in each]),
        torch.stack([c.log_cdf for c in each]),
        torch.stack([c.log_sf for c in each]),
    )
