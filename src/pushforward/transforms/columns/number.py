"""Columns of numbers: real, and whole numbers of a grid, whose cells have a probability."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.coordinate import Coordinate
from pushforward.transforms.columns.logistics import Logistics, categorical, logistics

BINS = 24  # steps of the number that the network is told, besides the number itself
END = 1e4  # stands for an infinite coordinate: with a true infinity gradients would be NaN
FARTHEST = 12.0  # of the coordinate, that the network is told


class Steps(nn.Module):
    """A number as the network is told it: itself, and how far it is through each of some bins.

    (Piecewise linear encoding: Gorishniy et al. 2022, On Embeddings for Numerical Features.)
    """

    edges: Tensor

    def __init__(self, width: int, extra: int = 0) -> None:
        super().__init__()
        self.register_buffer("edges", torch.linspace(-2, 2, BINS + 1))
        self.linear = nn.Linear(1 + BINS + extra, width)

    @torch.no_grad()
    def initialize(self, y: Tensor) -> None:
        """Put the edges at quantiles of y (n)."""
        levels = torch.linspace(0, 1, BINS + 1, dtype=y.dtype)
        edges = torch.quantile(y[:: max(1, len(y) // 100_000)], levels)
        least = 1e-3 * torch.arange(BINS + 1, dtype=y.dtype)  # equal quantiles are drawn apart
        self.edges.copy_((edges - least).cummax(0).values + least)

    def forward(self, y: Tensor, extra: Tensor | None = None) -> Tensor:
        """y (rows) -> (rows, width)."""
        y = y.clamp(-FARTHEST, FARTHEST)[:, None]
        through = ((y - self.edges[:-1]) / self.edges.diff()).clamp(0, 1)
        parts = [y, through] if extra is None else [y, through, extra]
        return self.linear(torch.cat(parts, -1))


class Real(Column):
    """A real number, within bounds or not: a mixture of logistics in its coordinate.

    A bound that is `closed` can be met, with a probability of its own; the law is then part mass,
    part density.

    Args:
        width: of the network that is told the value.
        components: of the mixture.
        lower, upper: bounds.
        closed: which of them, "lower" and "upper", belong to the support.
        period: the bounds are one and the same point, as of an angle.

    Raises:
        ConfigurationError: a closed bound that is None, or a period without bounds.
    """

    mass = False

    def __init__(
        self,
        width: int,
        components: int = 16,
        lower: float | None = None,
        upper: float | None = None,
        closed: Sequence[str] = (),
        period: bool = False,
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.period = lower, upper, period
        ends = {"lower": lower, "upper": upper}
        if any(ends.get(name) is None for name in (*closed, *(ends if period else ()))):
            raise ConfigurationError(
                "A column with a period has both bounds, and only a bound can be closed, but "
                f"lower={lower}, upper={upper}, closed={list(closed)}."
            )
        self.ends = [float(ends[name]) for name in ("lower", "upper") if name in closed]  # type: ignore[arg-type]
        self.components = components
        self.size = 3 * components + (len(self.ends) + 1 if self.ends else 0)
        self.coordinate = Coordinate(lower, upper)
        self.steps = Steps(width, 2 * period + len(self.ends))

    def supports(self, x: Tensor) -> Tensor:
        inside = x.isfinite()
        if self.lower is not None:
            inside = inside & (x > self.lower)
        if self.upper is not None:
            inside = inside & (x < self.upper)
        return inside | self.massive(x)

    def _met(self, x: Tensor) -> Tensor:
        """Which closed bound x (rows) is, (rows, ends)."""
        return x[:, None] == x.new_tensor(self.ends)

    def at(self, y: Tensor) -> Tensor:
        return self._inside(self.coordinate.inverse(y))

    def embed(self, x: Tensor) -> Tensor:
        told = [self._met(x).to(x)]
        if self.period:
            assert self.lower is not None
            assert self.upper is not None
            turn = (x - self.lower) * (2 * math.pi / (self.upper - self.lower))
            told += [torch.stack([turn.sin(), turn.cos()], -1)]
        return self.steps(self.coordinate(self._inside(x)), torch.cat(told, -1))

    @torch.no_grad()
    def start(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        met = self._met(x)
        free = ~met.any(-1)
        if bool(free.any()):
            self.coordinate.initialize(x[free], None if weight is None else weight[free])
        y = self.coordinate(self._inside(x[free] if bool(free.any()) else x).double())
        self.steps.initialize(y)
        law = spread(y, self.components)
        if not self.ends:
            return law
        counts = torch.cat([met.sum(0), free.sum()[None]]).double().clamp(min=0.5)
        return torch.cat([counts.log().log_softmax(0), law])

    def _parts(self, raw: Tensor) -> tuple[Tensor, Logistics]:
        """log-weights (rows, ends + 1) of the closed bounds and of the mixture, and the mixture."""
        if not self.ends:
            return raw.new_zeros(len(raw), 1), logistics(raw)
        n = len(self.ends) + 1
        return raw[:, :n].log_softmax(-1), logistics(raw[:, n:])

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        weights, law = self._parts(raw)
        y, log_slope = self.coordinate.with_slope(self._inside(x))
        log_prob = weights[:, -1] + law.log_prob(y) + log_slope
        for k in range(len(self.ends)):
            log_prob = torch.where(x == self.ends[k], weights[:, k], log_prob)
        return log_prob

    def tails(self, raw: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        weights, law = self._parts(raw)
        below, above = (
            weights[:, -1] + part for part in _tails(law, self.coordinate(self._inside(x)))
        )
        if not self.ends:
            return below, above, below, above
        low, high = x == self.lower, x == self.upper
        below, above = below.masked_fill(low, -math.inf), above.masked_fill(high, -math.inf)
        above = torch.where(low, weights[:, -1], above)
        below = torch.where(high, weights[:, -1], below)
        upto, beyond = below.masked_fill(low, -math.inf), above.masked_fill(high, -math.inf)
        for k, end in enumerate(self.ends):
            mass, here = weights[:, k], x == end
            if end == self.lower:  # below everything else
                below = torch.where(here, below, torch.logaddexp(below, mass))
                upto = torch.logaddexp(upto, mass)
                beyond = torch.where(here, torch.logaddexp(beyond, mass), beyond)
            else:
                above = torch.where(here, above, torch.logaddexp(above, mass))
                beyond = torch.logaddexp(beyond, mass)
                upto = torch.where(here, torch.logaddexp(upto, mass), upto)
        return below, above, upto, beyond

    def draw(
        self, raw: Tensor, limit: Limit | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        ends = (-math.inf, math.inf) if limit is None else (limit.low, limit.high)
        low, high = (self._end(raw, end) for end in ends)
        weights, law = self._parts(raw)
        masses = law.log_masses(low, high, high - low).masked_fill(
            (low >= high)[:, None], -math.inf
        )
        x = self._inside(self.coordinate.inverse(law.draw(masses, low, high, generator)), ends)
        free = weights[:, -1] + masses.logsumexp(-1)
        if not self.ends:
            return x, free
        inside = torch.tensor([ends[0] <= end <= ends[1] for end in self.ends])
        every = torch.cat([weights[:, :-1].masked_fill(~inside, -math.inf), free[:, None]], -1)
        chosen = categorical(every, generator)
        values = x.new_tensor([*self.ends, math.nan])[chosen]
        return torch.where(chosen == len(self.ends), x, values), every.logsumexp(-1)

    def _end(self, raw: Tensor, end: float) -> Tensor:
        """The coordinate of a limit, (rows)."""
        if self.lower is not None:
            end = max(end, self.lower)
        if self.upper is not None:
            end = min(end, self.upper)
        y = float(self.coordinate(torch.tensor(end, dtype=torch.float64)))
        return raw.new_full((len(raw),), min(max(y, -END), END))

    def _inside(self, x: Tensor, ends: tuple[float, float] = (-math.inf, math.inf)) -> Tensor:
        """x, where it is on a bound or past a limit, just inside."""
        low, high = ends
        if self.lower is not None:
            low = max(low, _next(self.lower, math.inf, x.dtype))
        if self.upper is not None:
            high = min(high, _next(self.upper, -math.inf, x.dtype))
        return x.clamp(low, high)


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
        self.coordinate.initialize(x, weight)
        y = self.coordinate(x.double())
        self.steps.initialize(y)
        if not self.atoms:
            return spread(y, self.components)
        found, counts = x.unique(return_counts=True)
        common = counts.argsort(descending=True, stable=True)[: self.atoms].sort().values
        missing = self.atoms - len(common)  # fewer distinct numbers than atoms: some stand idle
        self.values.copy_(torch.cat([found[common], x.new_full((missing,), math.inf)]))
        rest = (len(x) - counts[common].sum()).clamp(min=1)
        idle = counts.new_ones(missing)
        weights = torch.cat([counts[common], idle, rest[None]]).double().log()
        others = y[self._atom(x) == self.atoms]
        slab = spread(others if len(others) > 20 else y, self.components)
        return torch.cat([weights.log_softmax(0), slab])

    def _parts(self, raw: Tensor) -> tuple[Tensor, Logistics]:
        """log-weights (rows, atoms + 1) of the atoms and of the mixture, and the mixture."""
        if not self.atoms:
            return raw.new_zeros(len(raw), 1), logistics(raw)
        n = self.atoms + 1
        idle = torch.cat([self.values.isinf(), self.values.new_zeros(1, dtype=torch.bool)])
        return raw[:, :n].masked_fill(idle, -math.inf).log_softmax(-1), logistics(raw[:, n:])

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
        k = self.coordinate.inverse(y.double().clamp(-60, 60)).round().to(y)
        return torch.minimum(torch.maximum(k, low), high)


def spread(y: Tensor, components: int) -> Tensor:
    """The first parameters (3K) of a mixture for y (n): components at its quantiles."""
    levels = (torch.arange(components, dtype=y.dtype) + 0.5) / components
    loc = torch.quantile(y[:: max(1, len(y) // 100_000)], levels)
    gaps = torch.quantile(y[:: max(1, len(y) // 100_000)], (levels + 0.5 / components).clamp(max=1))
    scale = (gaps - loc).abs().clamp(min=0.02)
    return torch.cat([torch.zeros_like(loc), loc, scale.log()])


def _tails(law: Logistics, y: Tensor) -> tuple[Tensor, Tensor]:
    """log P(Y < y) and log P(Y > y), (rows)."""
    t = (y[:, None] - law.loc) * (-law.log_scale).exp()
    sigmoid = torch.nn.functional.logsigmoid
    below = torch.logsumexp(law.log_weights + sigmoid(t), -1)
    return below, torch.logsumexp(law.log_weights + sigmoid(-t), -1)


def _next(value: float, towards: float, dtype: torch.dtype) -> float:
    at = torch.tensor(value, dtype=dtype)
    return float(torch.nextafter(at, torch.tensor(towards, dtype=dtype)))
