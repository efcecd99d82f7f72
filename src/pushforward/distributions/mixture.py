"""A mixture of full-covariance Gaussians, started by k-means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pushforward.distributions.base import Distribution
from pushforward.distributions.normal import held, standard_log_prob
from pushforward.errors import ConfigurationError
from pushforward.numerics import mean_of_rows, moment_of_rows


class GaussianMixture(Distribution):
    """Σ_k w_k N(loc_k, L_k·L_kᵀ), trainable; `initialize` places it by k-means.

    Args:
        features: d.
        components: K.

    Raises:
        ConfigurationError: fewer than one component.

    Example:
        >>> base = GaussianMixture(2, components=3)
        >>> base.initialize(torch.randn(300, 2))
        >>> base.log_prob(torch.zeros(5, 2)).shape
        torch.Size([5])
    """

    def __init__(self, features: int, components: int = 8) -> None:
        super().__init__()
        if components < 1:
            raise ConfigurationError(f"A mixture needs a component, but components={components}.")
        self.event_shape = torch.Size((features,))
        self.logits = nn.Parameter(torch.zeros(components))
        # Apart from the start, or equal components would move as one for ever.
        self.loc = nn.Parameter(torch.randn(components, features))
        self.lower = nn.Parameter(torch.zeros(components, features, features))
        self.log_diagonal = nn.Parameter(torch.zeros(components, features))

    def scale_tril(self) -> Tensor:
        """(K, d, d), lower triangular with positive diagonals."""
        return self.lower.tril(-1) + torch.diag_embed(self.log_diagonal.exp())

    @torch.no_grad()
    def initialize(
        self, z: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Weights, means and covariances of k-means clusters (scikit-learn) of z (n, d).

        Equal rows are first made one of their joint weight: what is found depends neither on the
        rows' order nor on whether a row is given twice or with a weight of 2.
        """
        from sklearn.cluster import KMeans

        flat, share = _distinct(z.reshape(-1, z.shape[-1]), weight)
        count = len(self.logits)
        if len(flat) < count:
            raise ConfigurationError(
                f"A mixture of {count} components needs at least {count} rows, not {len(flat)}."
            )
        means = KMeans(count, n_init=1, random_state=0)
        labels = torch.as_tensor(
            means.fit_predict(flat.double().cpu().numpy(), sample_weight=share.cpu().numpy()),
            device=flat.device,
        )
        share = share.to(flat)
        overall = moment_of_rows(flat - mean_of_rows(flat, share), share)
        eye = torch.eye(flat.shape[-1]).to(flat)
        for k in range(count):
            members, own = flat[labels == k], share[labels == k]
            total = own.sum()
            loc = mean_of_rows(members, own)
            # Shrunk a little towards the whole, so that a cluster of few points has a volume: as if
            # it had one row more, of the mean weight.
            spread = total * moment_of_rows(members - loc, own)
            spread = spread + overall + 1e-6 * overall.trace() * eye
            tril = torch.linalg.cholesky(spread / (total + 1))
            self.loc[k] = loc
            self.lower[k] = tril
            self.log_diagonal[k] = tril.diagonal().log()
            self.logits[k] = torch.log(total / len(flat))

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        eye = torch.eye(z.shape[-1]).to(z)
        whiten = torch.linalg.solve_triangular(self.scale_tril(), eye, upper=False)  # (K, d, d)
        centred = held(z).unsqueeze(-2) - self.loc  # (..., K, d)
        standard = torch.einsum("kij,...kj->...ki", whiten, centred)
        each = standard_log_prob(standard) - self.log_diagonal.sum(-1)
        return torch.logsumexp(self.logits.log_softmax(-1) + each, dim=-1)

    def sample(
        self,
        shape: Sequence[int] = (),
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        size = self.sample_shape(shape, context)
        weights = self.logits.softmax(-1)
        chosen = torch.multinomial(
            weights, max(size[:-1].numel(), 1), replacement=True, generator=generator
        )[: size[:-1].numel()]
        noise = torch.randn(
            (len(chosen), size[-1]), generator=generator, dtype=weights.dtype, device=weights.device
        )
        spread = torch.einsum("nij,nj->ni", self.scale_tril()[chosen], noise)
        return (self.loc[chosen] + spread).reshape(size)


def _distinct(rows: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Rows (m, d) that differ, sorted, and their weights (m, float64), which have a mean of one."""
    each = rows.new_ones(len(rows)) if weight is None else weight.flatten()
    order = np.lexsort(rows.cpu().numpy().T)
    place = torch.as_tensor(order, device=rows.device)
    rows, each = rows[place], each[place].double()
    first = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    first[1:] = (rows[1:] != rows[:-1]).any(1)
    joint = torch.zeros(int(first.sum()), dtype=torch.float64, device=rows.device)
    joint.index_add_(0, first.cumsum(0) - 1, each)
    return rows[first], joint / joint.mean()
