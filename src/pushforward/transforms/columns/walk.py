"""Rows of which some columns are known: what is expected of another, and telling one more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.transforms.columns.column import Limit
from pushforward.transforms.columns.logistics import categorical
from pushforward.transforms.columns.network import Network
from pushforward.transforms.columns.tails import Tails, crossing, least_cell, normal_quantile


class Walk:
    """A walk through the columns of some rows, in any order: of a mixture of networks.

    Every question is about some of the rows, `some`: their indices (m).

    Args:
        networks: M of them, of the same columns.
        log_weights: (M), of the mixture.
        rows: how many.
        context: (rows, c) or None.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        log_weights: Tensor,
        rows: int,
        context: Tensor | None = None,
    ) -> None:
        self.networks = networks
        self.sums = [network.begin(rows, context) for network in networks]
        self.weights = log_weights.log_softmax(0)[:, None].expand(-1, rows)

    def raw(self, j: int, some: Tensor) -> list[Tensor]:
        """Each network's answer for column j, (m, size)."""
        return [
            network.heads[j](network.answer(h[some]))
            for network, h in zip(self.networks, self.sums, strict=True)
        ]

    def log_prob(self, j: int, x: Tensor, some: Tensor) -> Tensor:
        """log p(x_j | what is known) of x (m), nats; from now on it is known."""
        return self._known(j, x, some, self.raw(j, some))

    def _known(self, j: int, x: Tensor, some: Tensor, raws: list[Tensor]) -> Tensor:
        each = torch.stack(
            [n.each[j].log_prob(raw, x) for n, raw in zip(self.networks, raws, strict=True)]
        )
        joint = self.weights[:, some] + each
        log_prob = joint.logsumexp(0)
        self.weights = self.weights.index_copy(1, some, joint - log_prob)
        self.sums = [
            h.index_add(0, some, network.each[j].embed(x))
            for network, h in zip(self.networks, self.sums, strict=True)
        ]
        return log_prob

    def draw(
        self, j: int, some: Tensor, limit: Limit | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """x_j (m) given what is known, within the limit, and log P(limit | what is known).

        From now on it is known.
        """
        raws = self.raw(j, some)
        drawn = [
            network.each[j].draw(raw, limit, generator)
            for network, raw in zip(self.networks, raws, strict=True)
        ]
        masses = self.weights[:, some] + torch.stack([mass for _, mass in drawn])
        x = drawn[0][0]
        if len(drawn) > 1:
            chosen = categorical(masses.t(), generator)
            x = torch.stack([value for value, _ in drawn]).gather(0, chosen[None])[0]
        self._known(j, x, some, raws)
        return x, masses.logsumexp(0)

    def tails(self, j: int, some: Tensor, raws: list[Tensor], x: Tensor) -> Tails:
        """Of column j at x (m), given what is known and the networks' answers `raws`."""
        each = [n.each[j].tails(raw, x) for n, raw in zip(self.networks, raws, strict=True)]
        weights = self.weights[:, some]
        return Tails(
            *(torch.logsumexp(weights + torch.stack(t), 0) for t in zip(*each, strict=True))
        )

    def encode(self, j: int, x: Tensor, some: Tensor) -> tuple[Tensor, Tensor]:
        """z (m) of x_j (m), drawn from a cell's interval, and log p(x_j); it is known then."""
        raws = self.raw(j, some)
        tails = self.tails(j, some, raws, x)
        log_prob = self._known(j, x, some, raws)
        z = normal_quantile(tails.below, tails.above)
        massive = self.networks[0].each[j].massive(x)
        if bool(massive.any()):
            z = torch.where(massive, tails.between(torch.rand_like(x), log_prob), z)
        return z, log_prob

    def decode(self, j: int, z: Tensor) -> tuple[Tensor, Tensor]:
        """x_j (rows) of z (rows), and log p(x_j), for every row; it is known then."""
        some = torch.arange(len(z))
        raws = self.raw(j, some)
        column = self.networks[0].each[j]
        search = least_cell if column.mass else crossing
        x = search(column, lambda x: self.tails(j, some, raws, x), z)
        return x, self._known(j, x, some, raws)
