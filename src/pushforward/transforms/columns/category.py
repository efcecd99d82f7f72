"""A column of codes 0 … K-1: categories, ordered or not, and booleans."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.logistics import categorical

LEAST = 0.5  # a level counts as seen at least so often: no level is impossible


class Category(Column):
    """P(x = k) = softmax(raw)_k.

    Args:
        levels: K.
        width: of the network that is told the value.
        reserve: probability of the last level, whatever the others are: of what was never seen.

    Raises:
        ConfigurationError: fewer than one level, or a reserve that is no probability.
    """

    mass = True

    def __init__(self, levels: int, width: int, reserve: float | None = None) -> None:
        super().__init__()
        if levels < 1 + (reserve is not None):
            raise ConfigurationError(f"A category has 1 level or more, not {levels}.")
        if reserve is not None and not 0 < reserve < 1:
            raise ConfigurationError(f"A reserve is between 0 and 1, not {reserve}.")
        self.levels, self.reserve = levels, reserve
        self.size = levels if reserve is None else levels - 1
        self.lower, self.upper = 0, levels - 1
        self.table = nn.Embedding(levels, width)
        nn.init.normal_(self.table.weight, std=0.5)

    def supports(self, x: Tensor) -> Tensor:
        return (x >= 0) & (x < self.levels) & (x == x.round())

    def at(self, y: Tensor) -> Tensor:
        return y.round().clamp(0, self.levels - 1)

    def embed(self, x: Tensor) -> Tensor:
        return self.table(x.long())

    @torch.no_grad()
    def start(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        counts = torch.bincount(x.long(), weight, minlength=self.levels)[: self.size]
        return counts.double().clamp(min=LEAST).log().log_softmax(0)

    def _each(self, raw: Tensor) -> Tensor:
        """log P of every level, (rows, K)."""
        log_p = raw.log_softmax(-1)
        if self.reserve is None:
            return log_p
        rest = torch.full_like(log_p[:, :1], math.log(self.reserve))
        return torch.cat([log_p + math.log1p(-self.reserve), rest], -1)

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        return self._each(raw).gather(1, x.long()[:, None])[:, 0]

    def tails(self, raw: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        log_p = self._each(raw)
        codes = torch.arange(self.levels)
        here = x[:, None]
        below = log_p.masked_fill(codes >= here, -math.inf).logsumexp(-1)
        above = log_p.masked_fill(codes <= here, -math.inf).logsumexp(-1)
        at = log_p.gather(1, x.long()[:, None])[:, 0]
        return below, above, torch.logaddexp(below, at), torch.logaddexp(above, at)

    def draw(
        self, raw: Tensor, limit: Limit | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        log_p = self._each(raw)
        if limit is not None:
            log_p = log_p.masked_fill(~self._allowed(limit), -math.inf)
        return categorical(log_p, generator).to(raw.dtype), log_p.logsumexp(-1)

    def _allowed(self, limit: Limit) -> Tensor:
        codes = torch.arange(self.levels)
        if limit.codes:
            return torch.isin(codes, torch.tensor(limit.codes))
        return (codes >= limit.low) & (codes <= limit.high)
