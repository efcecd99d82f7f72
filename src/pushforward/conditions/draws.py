"""Rows of a model given what is told of them, and how probable that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice, permutations

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, ModelError
from pushforward.flow import Flow
from pushforward.transforms.columns import AnyOrder, Limit

BLOCK = 8192  # rows drawn at a time
TRIAL = 4096  # draws that judge a condition with several limits
ORDERS, ORDER_TRIAL = 6, 512  # orders of the limits that are tried, and draws for each
POOL = 65536  # the most draws that one block of rows is chosen from
PLENTY = 3.0  # effective draws for each row
HOPELESS = 20.0  # effective draws of the trial; with fewer, rows would be a few ones repeated


def any_order(flow: Flow) -> AnyOrder:
    """The layer of a flow that takes its columns in any order.

    Raises:
        ModelError: the flow is of another kind.
    """
    layer = flow.transform[0] if len(flow.transform) == 1 else None
    if not isinstance(layer, AnyOrder):
        raise ModelError(
            "This model cannot be told some of its columns: it takes them in one order alone; fit "
            "one that takes any, with --flow columns."
        )
    return layer


class Conditional:
    """Rows of a model of any order, given some columns and limits on others.

    What is known is told first, then the limits, then everything else is drawn. With one limit the
    draws are exact. With several, draws have weights and are chosen anew by them: many more are
    drawn than asked for.

    Args:
        layer: the model.
        row: (d) in the layer's units, of any precision; NaN where nothing is known.
        limits: by column; of columns that are not known.
        seed: of everything random.

    Attributes:
        log_prob: log of the condition's probability, nats; in known real columns of its density.
        error: standard error of `log_prob`; 0 where it is exact.
        drawn, effective: how many draws judged the condition, and how many draws without weights
            they are worth; 0 both where draws are exact.

    Raises:
        ConfigurationError: the condition has probability zero, or so little at each draw that rows
            given it would be a few ones repeated.

    Example:
        >>> from pushforward.flows import columns
        >>> flow = columns(2, [{"kind": "category", "size": 3}, {"kind": "real"}]).eval()
        >>> given = Conditional(any_order(flow), torch.full((2,), math.nan), {1: Limit(low=0.5)})
        >>> rows = torch.cat(list(given.rows(10)))
        >>> rows.shape, bool((rows[:, 1] >= 0.5).all()), given.log_prob < 0
        (torch.Size([10, 2]), True, True)
    """

    def __init__(
        self, layer: AnyOrder, row: Tensor, limits: dict[int, Limit], seed: int = 0
    ) -> None:
        self.layer, self.row, self.limits = layer, row, limits
        self.error, self.drawn, self.effective = 0.0, 0, 0.0
        self._seed = seed
        self._row = row.to(next(layer.parameters()).dtype)
        with torch.no_grad():
            told = float(layer.log_prob(self._row[None])[0])
        _refuse_zero(told)
        if len(limits) < 2:
            self.log_prob = told + float(self._draw(1, limits, self._generator())[1][0])
            _refuse_zero(self.log_prob)
            return
        self.limits = self._best_order()
        log_weight = self._draw(TRIAL, self.limits, self._generator())[1].double()
        self.drawn, self.effective = TRIAL, effective(log_weight)
        mean = float(log_weight.logsumexp(0)) - math.log(TRIAL)
        _refuse_zero(mean)
        if self.effective < HOPELESS:
            raise ConfigurationError(
                f"The condition is met too seldom to draw from: {TRIAL} draws are worth "
                f"{self.effective:.1f}; give fewer bounds, or wider ones."
            )
        self.log_prob = told + mean
        self.error = float((log_weight - mean).exp().std()) / math.sqrt(TRIAL)

    @property
    def exact(self) -> bool:
        """Are draws and `log_prob` exact?"""
        return self.drawn == 0

    @torch.no_grad()
    def other_order(self) -> float | None:
        """log P of the condition with its parts the other way round, nats; None where it has one.

        The limits come first, the last of them before the others, then what is known. The orders
        of a model are laws of their own: how far they differ says how far to trust either.
        """
        known = [j for j in self.layer.order.tolist() if not bool(self._row[j].isnan())]
        if len(known) + len(self.limits) < 2:
            return None
        limits = dict(reversed(self.limits.items()))
        count = TRIAL if limits else 1
        free = torch.full_like(self._row, math.nan).expand(count, -1)
        drawn, log_weight = self.layer.complete(free, None, limits, self._generator())
        others = [j for j in range(len(self._row)) if j not in limits]
        drawn[:, others] = math.nan
        order = [*limits, *reversed(known), *(j for j in others if j not in known)]
        told = torch.where(self._row.isnan(), drawn, self._row)
        change = self.layer.log_prob(told, order=order) - self.layer.log_prob(drawn, order=order)
        return float((log_weight + change).double().logsumexp(0)) - math.log(count)

    def rows(self, n: int) -> Iterator[Tensor]:
        """n rows (m, d) in blocks, the same at each call."""
        generator = self._generator()
        efficiency = self.effective / self.drawn if self.drawn else 1.0
        block = BLOCK
        if not self.exact:
            block = max(1, min(BLOCK, int(POOL * efficiency / PLENTY)))
        for start in range(0, n, block):
            size = min(block, n - start)
            if self.exact:
                yield self._draw(size, self.limits, generator)[0]
                continue
            pool = max(TRIAL, min(POOL, math.ceil(PLENTY * size / efficiency)))
            parts = [
                self._draw(min(BLOCK, pool - begun), self.limits, generator)
                for begun in range(0, pool, BLOCK)
            ]
            drawn, log_weight = (torch.cat(each) for each in zip(*parts, strict=True))
            yield drawn[resampled(log_weight, size, generator)]

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self._seed)

    def _draw(
        self, n: int, limits: dict[int, Limit], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return self.layer.complete(self._row.expand(n, -1), None, limits, generator)

    def _best_order(self) -> dict[int, Limit]:
        """The limits in the order that weighs draws most evenly."""
        best, most = self.limits, -1.0
        for order in islice(permutations(self.limits), ORDERS):
            limits = {j: self.limits[j] for j in order}
            worth = effective(self._draw(ORDER_TRIAL, limits, self._generator())[1])
            if worth > most:
                best, most = limits, worth
        return best


def effective(log_weight: Tensor) -> float:
    """The number of draws without weights that draws with these weights (n) are worth.

    Example:
        >>> effective(torch.zeros(5)), effective(torch.tensor([0.0, -math.inf]))
        (5.0, 1.0)
    """
    if not bool((log_weight > -math.inf).any()):
        return 0.0
    share = log_weight.double().softmax(0)
    return round(float(1 / share.square().sum()), 6)


def resampled(log_weight: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` indices of draws, each as often as its weight says, to one; in random order.

    (Systematic resampling: Kitagawa 1996.)

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> resampled(torch.tensor([0.0, -math.inf, 0.0]), 4, g).sort().values
        tensor([0, 0, 2, 2])
    """
    total = log_weight.double().softmax(0).cumsum(0)
    start = torch.rand(1, generator=generator, dtype=torch.float64)
    levels = (torch.arange(count, dtype=torch.float64) + start) / count * total[-1]
    chosen = torch.searchsorted(total, levels, right=True).clamp(max=len(total) - 1)
    return chosen[torch.randperm(count, generator=generator)]


def _refuse_zero(log_prob: float) -> None:
    if log_prob == -math.inf:
        raise ConfigurationError(
            "The condition has probability zero: no row of this model meets it."
        )
