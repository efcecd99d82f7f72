"""A linear autoregressive layer that begins as the Cholesky factor of the data's covariance."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from pushforward.numerics import without_outliers
from pushforward.transforms.autoregressive import Autoregressive
from pushforward.univariate import Affine

BOUND = 10.0  # of a log-scale
RIDGE = 1e-6  # added to the variances of standardized columns


class Cholesky(Autoregressive):
    """z_j = exp(s_j)·x_j + t_j, with t_j and s_j linear in x_<j and the context; trainable.

    `initialize` sets s constant and t so that z has mean 0 and covariance I: each feature's
    regression on those before it. Where columns follow one another closely, what is left of each
    is what the layers before it then shape. Features keep their order, unlike with `Whiten`.

    Args:
        features: d.
        context_features: length of the context vector, 0 for none.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> x = torch.stack([x[:, 0], x[:, 0] + 0.1 * x[:, 1]], dim=1)
        >>> layer = Cholesky(2)
        >>> layer.initialize(x)
        >>> z, _ = layer.inverse(x)
        >>> torch.allclose(z.T.cov(), torch.eye(2), atol=1e-2)
        True
    """

    def __init__(self, features: int, context_features: int = 0) -> None:
        super().__init__(features, Affine(BOUND), context_features=context_features, hidden=())

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        d, c = self.features, self.context_features
        joint = x.reshape(-1, d).double()
        if context is not None and c:
            given = context.expand(*x.shape[:-1], c).reshape(-1, c).double()
            joint = torch.cat([given, joint], 1)
        joint = without_outliers(joint)
        w = joint.new_ones(len(joint)) if weight is None else weight.reshape(-1).double()
        share = (w / w.sum())[:, None]
        mean = (share * joint).sum(0)
        centred = joint - mean
        covariance = (share * centred).t() @ centred
        ridge = RIDGE * covariance.diagonal().clamp(min=RIDGE)
        tril = torch.linalg.cholesky(covariance + ridge.diag())
        whiten = torch.linalg.solve_triangular(tril, torch.eye(c + d).to(tril), upper=False)[c:]
        shift = -whiten @ mean
        diagonal = whiten[:, c:].diagonal()
        assert isinstance(self.univariate, Affine)
        limit = 0.999 * BOUND
        bias = self.univariate.params_of(shift, diagonal.log().clamp(-limit, limit))
        net = cast(nn.Linear, self.conditioner.layers[0])
        net.weight.zero_()
        net.weight.view(d, 2, d)[:, 0] = whiten[:, c:].tril(-1).to(net.weight)
        net.bias.copy_(bias.flatten())
        if self.conditioner.context is not None:
            self.conditioner.context.weight.zero_()
            self.conditioner.context.weight.view(d, 2, c)[:, 0] = whiten[:, :c].to(net.weight)
