"""The radial flow of Rezende & Mohamed (2015), whose inverse is a quadratic equation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pushforward.transforms.base import Transform
from pushforward.transforms.gain import gain, within_reach


class Radial(Transform):
    """x = z + β·(z - c)/(α + r), r = |z - c|: pushes out from the centre c, or pulls in to it.

    (Rezende & Mohamed 2015, eq. 14.) With s = r/(α + r) and t = 1 - s, the Jacobian stretches the
    radius by s² + 2st + t²·g and each of the d - 1 directions across by s + t·g, where
    g = (α + β)/α is the gain at the centre; log|det| is the sum of their logarithms, O(d).

    Invertible whenever β > -α, that is g > 0. The free parameters are mapped there smoothly:
    α and g are `gain`s, the softplus of appendix A.2 of the paper, shifted so that zeros give
    g = 1, β = 0, the identity.

    The paper calls for a root; there is a formula. ρ = |x - c| fixes the radius by
    r² + (α·g - ρ)·r - α·ρ = 0, whose one root that is not negative is taken without cancellation.

    Args:
        features: d.
        context_features: where positive, c, α and g also depend linearly on the context.

    Example:
        >>> layer = Radial(2)
        >>> x, log_det = layer.forward(torch.ones(4, 2))
        >>> torch.allclose(x, torch.ones(4, 2)), torch.allclose(log_det, torch.zeros(4), atol=1e-6)
        (True, True)
    """

    event_ndim_in = event_ndim_out = 1

    def __init__(self, features: int, context_features: int = 0) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        self.centre = nn.Parameter(torch.randn(features))
        self.reach = nn.Parameter(torch.zeros(()))
        self.push = nn.Parameter(torch.zeros(()))
        if context_features:
            self.amortize = nn.Linear(context_features, features + 2, bias=False)
            nn.init.zeros_(self.amortize.weight)

    def _shape(self, batch: torch.Size, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """c (…, d), α (…) and g (…), the last two positive."""
        centre: Tensor = self.centre
        reach: Tensor = self.reach
        push: Tensor = self.push
        if self.context_features and context is not None:
            shift = self.amortize(context.expand(*batch, -1))
            centre = centre + shift[..., :-2]
            reach, push = reach + shift[..., -2], push + shift[..., -1]
        return centre, gain(reach), gain(push)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        centre, alpha, g = self._shape(z.shape[:-1], context)
        radius = torch.linalg.vector_norm(within_reach(z - centre), dim=-1)
        across, log_det = self._stretch(radius, alpha, g)
        return centre + (z - centre) * across.unsqueeze(-1), log_det

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        centre, alpha, g = self._shape(x.shape[:-1], context)
        rho = torch.linalg.vector_norm(within_reach(x - centre), dim=-1)
        half = 0.5 * (rho - alpha * g)
        root = (half.square() + alpha * rho).sqrt()
        # Of the two ways to write the root, the one whose terms have the same sign.
        inner = half < 0
        radius = torch.where(
            inner, alpha * rho / (root + half.abs()), root + torch.where(inner, 0.0, half)
        )
        across, log_det = self._stretch(radius, alpha, g)
        return centre + (x - centre) / across.unsqueeze(-1), -log_det

    def _stretch(self, radius: Tensor, alpha: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """How much lengths across the radius grow (…), and log|det| (…)."""
        s, t = radius / (alpha + radius), alpha / (alpha + radius)
        across = s + t * g
        along = s.square() + 2 * s * t + t.square() * g
        assert self.features is not None
        return across, (self.features - 1) * across.log() + along.log()
