"""Columns of real numbers, whose bounds may have a probability of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.coordinate import Coordinate
from pushforward.transforms.columns.logistics import Logistics, categorical, logistics
from pushforward.transforms.columns.range import END
from pushforward.transforms.columns.steps import Steps, spread

LARGEST = 1e30  # of any number, of either sign


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
        self.coordinate = Coordinate(lower, upper, period)
        self.steps = Steps(width, 2 * period + len(self.ends))

    def supports(self, x: Tensor) -> Tensor:
        inside = x.isfinite()
        if self.lower is not None:
            inside = inside & (x > self.lower)
        if self.upper is not None:
            inside = inside & (x < self.upper)
        if self.period:  # a bound is the seam; what is just below the upper one may round to it
            inside = inside | (x == self.lower) | (x == self.upper)
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
            return raw.new_zeros(len(raw), 1), logistics(raw, self.coordinate.range)
        n = len(self.ends) + 1
        return raw[:, :n].log_softmax(-1), logistics(raw[:, n:], self.coordinate.range)

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
            weights[:, -1] + part for part in law.tails(self.coordinate(self._inside(x)))
        )
        if not self.ends:
            return below, above, below, above
        low, high = (x == (math.nan if end is None else end) for end in (self.lower, self.upper))
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
        low, high = max(ends[0], -LARGEST), min(ends[1], LARGEST)
        if self.lower is not None:
            low = max(low, self.lower if self.period else _next(self.lower, math.inf, x.dtype))
        if self.upper is not None:
            high = min(high, _next(self.upper, -math.inf, x.dtype))
        return x.clamp(low, high)


def _next(value: float, towards: float, dtype: torch.dtype) -> float:
    at = torch.tensor(value, dtype=dtype)
    return float(torch.nextafter(at, torch.tensor(towards, dtype=dtype)))
