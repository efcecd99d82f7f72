"""A small mixed law that is known exactly: a category, then a whole number, then a real one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, Normal, Poisson

LEVELS = {"grade": ["low", "middle", "high"]}
COLUMNS = ["grade", "count", "price"]


@dataclass(frozen=True)
class Mixed:
    """grade ~ shares; count | grade ~ Poisson(rates); price | count ~ N(slope·count, 1).

    NaN is a missing cell. `complete` draws by rejection from many rows, exactly enough for tests.

    Attributes:
        together: else each column is as it is by itself, whatever the others are.
    """

    shares: tuple[float, ...] = (0.2, 0.5, 0.3)
    rates: tuple[float, ...] = (1.0, 4.0, 9.0)
    slope: float = 0.5
    together: bool = True
    most: int = 40
    takes_missing = True

    def _table(self) -> Tensor:
        """log P(grade, count), (3, most)."""
        counts = torch.arange(float(self.most))
        log_p = torch.stack([Poisson(rate).log_prob(counts) for rate in self.rates])
        return log_p + torch.tensor(self.shares).log()[:, None]

    def log_prob(self, x: Tensor) -> Tensor:
        grade, count, price = x.T
        table = self._table()
        near = Normal(self.slope * torch.arange(float(self.most)), 1.0)
        told = near.log_prob(price.nan_to_num()[:, None])  # (n, most)
        told = torch.where(price.isnan()[:, None], 0.0, told)
        if not self.together:
            grades, counts = table.logsumexp(1), table.logsumexp(0)
            first = torch.where(grade.isnan(), 0.0, grades[grade.nan_to_num().long()])
            second = torch.where(count.isnan(), 0.0, counts[count.nan_to_num().long()])
            return first + second + (told + counts).logsumexp(1)
        whole = table + told[:, None]  # (n, 3, most)
        codes, cells = torch.arange(3.0), torch.arange(float(self.most))
        whole = whole.masked_fill(
            ~(grade.isnan()[:, None] | (grade[:, None] == codes))[:, :, None], -math.inf
        )
        whole = whole.masked_fill(
            ~(count.isnan()[:, None] | (count[:, None] == cells))[:, None], -math.inf
        )
        return whole.flatten(1).logsumexp(1)

    def sample(self, shape: tuple[int]) -> Tensor:
        grade = Categorical(torch.tensor(self.shares)).sample(shape)
        count = torch.poisson(torch.tensor(self.rates)[grade])
        price = self.slope * count + torch.randn(shape)
        rows = torch.stack([grade.float(), count, price], -1)
        if not self.together:
            rows = torch.stack([column[torch.randperm(len(rows))] for column in rows.T], -1)
        return rows

    def encode(self, x: Tensor) -> Tensor:
        """The law's own columns by themselves would do; noise tells nothing, and is N(0, I)."""
        return torch.randn_like(x)

    def without(self, grade: int) -> Mixed:
        """The same with hardly any row of that grade."""
        shares = [1e-6 if k == grade else share for k, share in enumerate(self.shares)]
        return replace(self, shares=tuple(share / sum(shares) for share in shares))


def gaps(x: Tensor, share: float, seed: int) -> Tensor:
    """The rows with that share of their cells missing, whatever they hold."""
    missing = np.random.default_rng(seed).random(tuple(x.shape)) < share
    return x.masked_fill(torch.from_numpy(missing), math.nan)
