"""Columns of whole numbers on a grid, whose cells have a probability."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pushforward.transforms.columns.atoms import atoms
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.coordinate import Coordinate
from pushforward.transforms.columns.logistics import Logistics, categorical, logistics
from pushforward.transforms.columns.range import END
from pushforward.transforms.columns.steps import Steps, spread


class Cells(Column):
    """Whole numbers lower … upper: the commonest have weights of their own, the rest a mixture.

    The mixture is of logistics in the number's coordinate; a cell's probability is its mass between
    k - ½ and k + ½. The first and the last cell reach to infinity, so that all masses add up to
    one.

    Args:
        width: of the network that is told the value.
        components: of the mixture.
        lower, upper: the least and the greatest number, or None.
        atoms: how many numbers have weights of their own.
    """

    mass = True
    values: Tensor

    def __init__(
        self,
        width: int,
        components: int = 8,
        lower: int | None = None,
        upper: int | None = None,
        atoms: int = 0,
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.atoms = lower, upper, atoms
        self.components = components
        self.size = 3 * components + (atoms + 1 if atoms else 0)
        self.coordinate = Coordinate()
        self.steps = Steps(width)
        self.register_buffer("values", torch.full((atoms,), math.nan))
        self.table = nn.Embedding(atoms + 1, width)  # the last: none of them
        nn.init.normal_(self.table.weight, std=0.5)

    def supports(self, x: Tensor) -> Tensor:
        inside = x.isfinite() & (x == x.round())
        if self.lower is not None:
            inside = inside & (x >= self.lower)
        return inside if self.upper is None else inside & (x <= self.upper)

    def at(self, y: Tensor) -> Tensor:
        low, high = (torch.full_like(y, self._bound(upper)) for upper in (False, True))
        return self._cell(y, low, high)

    def embed(self, x: Tensor) -> Tensor:
        return self.steps(self.coordinate(x)) + self.table(self._atom(x))

    def _atom(self, x: Tensor) -> Tensor:
        """Which of the atoms x (rows) is; `atoms` where it is none."""
        if not self.atoms:
            return torch.zeros_like(x, dtype=torch.long)
        place = torch.searchsorted(self.values, x.contiguous()).clamp(max=self.atoms - 1)
        return torch.where(self.values[place] == x, place, self.atoms)

    @torch.no_grad()
    def start(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        self.coordinate.initialize(x, weight, 0.5)
        y = self.coordinate(x.double())
        self.steps.initialize(y)
        if not self.atoms:
            return spread(y, self.components)
        common = atoms(x)[: self.atoms].sort().values
        missing = self.atoms - len(common)  # fewer of them than there may be: some stand idle
        self.values.copy_(torch.cat([common, x.new_full((missing,), math.inf)]))
        counts = torch.bincount(self._atom(x), minlength=self.atoms + 1)
        weights = counts.double().clamp(min=1).log()
        others = y[self._atom(x) == self.atoms]
        slab = spread(others if len(others) > 20 else y, self.components)
        return torch.cat([weights.log_softmax(0), slab])

    def _parts(self, raw: Tensor) -> tuple[Tensor, Logistics]:
        """log-weights (rows, atoms + 1) of the atoms and of the mixture, and the mixture."""
        if not self.atoms:
            return raw.new_zeros(len(raw), 1), logistics(raw, self.coordinate.range)
        n = self.atoms + 1
        idle = torch.cat([self.values.isinf(), self.values.new_zeros(1, dtype=torch.bool)])
        return raw[:, :n].masked_fill(idle, -math.inf).log_softmax(-1), logistics(
            raw[:, n:], self.coordinate.range
        )

    def _edges(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The coordinates of the outer edges of cells low … high (rows), and their distance."""
        first = self.coordinate(low.double() - 0.5)
        last = self.coordinate(high.double() + 0.5)
        if self.lower is not None:
            first = first.masked_fill(low <= self.lower, -END)
        if self.upper is not None:
            last = last.masked_fill(high >= self.upper, END)
        first, last = first.clamp(-END, END), last.clamp(-END, END)
        return first.to(low), last.to(low), (last - first).to(low)

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        weights, law = self._parts(raw)
        slab = weights[:, -1] + law.log_masses(*self._edges(x, x)).logsumexp(-1)
        if not self.atoms:
            return slab
        here = torch.cat([weights[:, :-1], torch.full_like(weights[:, :1], -math.inf)], 1)
        return torch.logaddexp(here.gather(1, self._atom(x)[:, None])[:, 0], slab)

    def _mass_of(self, weights: Tensor, law: Logistics, low: Tensor, high: Tensor) -> Tensor:
        """log P(low ≤ X ≤ high), (rows)."""
        slab = weights[:, -1] + law.log_masses(*self._edges(low, high)).logsumexp(-1)
        slab = slab.masked_fill(low > high, -math.inf)
        if not self.atoms:
            return slab
        inside = (self.values >= low[:, None]) & (self.values <= high[:, None])
        return torch.logaddexp(weights[:, :-1].masked_fill(~inside, -math.inf).logsumexp(-1), slab)

    def tails(self, raw: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        weights, law = self._parts(raw)
        least, most = (x.new_full(x.shape, self._bound(upper)) for upper in (False, True))

        def mass(low: Tensor, high: Tensor) -> Tensor:
            return self._mass_of(weights, law, low, high)

        return mass(least, x - 1), mass(x + 1, most), mass(least, x), mass(x, most)

    def _bound(self, upper: bool) -> float:
        bound = self.upper if upper else self.lower
        return bound if bound is not None else math.inf if upper else -math.inf

    def draw(
        self, raw: Tensor, limit: Limit | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        weights, law = self._parts(raw)
        ends = Limit() if limit is None else limit
        least = max(math.ceil(ends.low), self._bound(False)) if math.isfinite(ends.low) else None
        most = min(math.floor(ends.high), self._bound(True)) if math.isfinite(ends.high) else None
        low = raw.new_full((len(raw),), self._bound(False) if least is None else least)
        high = raw.new_full((len(raw),), self._bound(True) if most is None else most)
        first, last, width = self._edges(low, high)
        masses = (weights[:, -1:] + law.log_masses(first, last, width)).masked_fill(
            (low > high)[:, None], -math.inf
        )
        slab = masses.logsumexp(-1)
        k = self._cell(law.draw(masses, first, last, generator), low, high)
        if not self.atoms:
            return k, slab
        inside = (self.values >= low[:, None]) & (self.values <= high[:, None])
        all_weights = torch.cat(
            [weights[:, :-1].masked_fill(~inside, -math.inf), slab[:, None]], -1
        )
        chosen = categorical(all_weights, generator)
        values = torch.cat([self.values, self.values.new_full((1,), math.nan)])[chosen]
        return torch.where(chosen == self.atoms, k, values), all_weights.logsumexp(-1)

    def _cell(self, y: Tensor, low: Tensor, high: Tensor) -> Tensor:
        k = self.coordinate.inverse(y.double().clamp(-END, END)).round().to(y)
        return torch.minimum(torch.maximum(k, low), high)
