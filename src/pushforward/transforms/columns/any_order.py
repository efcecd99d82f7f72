"""Rows of mixed columns as one transform that takes them in any order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms.base import Base, Transform
from pushforward.transforms.columns.column import Column, Limit
from pushforward.transforms.columns.network import Network
from pushforward.transforms.columns.walk import Walk
from pushforward.transforms.stack.conditionals import standard_log_prob


class AnyOrder(Transform):
    """x_j = F_j⁻¹(Φ(z_j) | x_<j): columns of numbers and categories, one after another.

    A row's log p(x) = Σ_j log p(x_j | those before it) is a density in its real columns, and a
    probability in all others: of a category, or of a number's cell. NaN is a missing cell: the row
    then has the marginal density of what is there, by the network that was never told the rest;
    where a missing column comes before others in the order, summing over its values gives the same
    but for the spread between orders. Columns may be taken in any order, so that any
    of them can be conditioned on; `order` is the one that `log_prob` and `sample` take.

    The inverse of a cell is an interval of z; it draws from there, and its log-det makes up for
    what it drew: log N(z) + log_det is log p(x) whatever z is. In training mode, with gradients,
    `terms` is an unbiased estimate of log p: for half of the rows in `order`, for the others on
    average over all orders.

    Args:
        networks: of the same columns; their mixture, by weights, is the model.

    Raises:
        ConfigurationError: no networks, or networks of different columns.

    Example:
        >>> from pushforward.transforms.columns import Network
        >>> columns = [{"kind": "category", "size": 3}, {"kind": "real"}]
        >>> layer = AnyOrder([Network(columns, width=8)]).eval()
        >>> x = layer.generate(torch.zeros(5, 2))
        >>> z, log_det = layer.inverse(x)
        >>> torch.allclose(layer.forward(z)[0], x, atol=1e-4)
        True
    """

    event_ndim_in = event_ndim_out = 1
    cheap = frozenset({"inverse"})
    takes_missing = True
    features: int
    order: Tensor
    log_weights: Tensor

    def __init__(self, networks: Iterable[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        sizes = {tuple(c.size for c in network.each) for network in self._networks}
        if len(sizes) != 1:
            raise ConfigurationError("A model of columns needs networks of the same columns.")
        self.features = len(self.columns)
        first = self._networks[0].context
        self.context_features = 0 if first is None else first.in_features
        self.register_buffer("order", torch.arange(self.features))
        self.register_buffer("log_weights", torch.zeros(len(self.networks)))

    @property
    def _networks(self) -> list[Network]:
        return list(self.networks)  # type: ignore[arg-type]

    @property
    def columns(self) -> list[Column]:
        """What each column is; the first network's."""
        return self._networks[0].each

    @torch.no_grad()
    def initialize(
        self, x: Tensor, context: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        rows = x.reshape(-1, self.features)
        for network in self._networks:
            network.initialize(rows, None if weight is None else weight.flatten())

    @torch.no_grad()
    def take(self, order: Sequence[int]) -> None:
        """Take the columns in this order from now on.

        Raises:
            ShapeError: it does not name each column once.
        """
        if sorted(order) != list(range(self.features)):
            raise ShapeError(f"An order names each of {self.features} columns once, not {order}.")
        self.order.copy_(torch.tensor(order))

    def terms(self, base: Base, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of N(0, I): log p(x), without latents, and zero; in training mode an estimate of it."""
        if not getattr(base, "standard", False):
            return super().terms(base, x, context)
        self.accept(x, context)
        rows, given = self._rows(x, context)
        learning = self.training and torch.is_grad_enabled()
        log_prob = self._estimate(rows, given) if learning else self.log_prob(rows, given)
        log_prob = log_prob.reshape(x.shape[:-1])
        return log_prob, torch.zeros_like(log_prob)

    def log_prob(
        self, x: Tensor, context: Tensor | None = None, order: Sequence[int] | None = None
    ) -> Tensor:
        """log p(x) of rows (n, d), nats, the columns taken in `order`; -inf outside the support."""
        filled, present, outside = self.look(x)
        walk = self.walk(len(x), context)
        total = x.new_zeros(len(x))
        for j in self.order.tolist() if order is None else order:
            (some,) = present[:, j].nonzero(as_tuple=True)
            if len(some):
                total = total.index_add(0, some, walk.log_prob(j, filled[some, j], some))
        return total.masked_fill(outside, -math.inf)

    def walk(self, rows: int, context: Tensor | None = None) -> Walk:
        """Begin a walk over so many rows of which nothing is known yet."""
        return Walk(self._networks, self.log_weights, rows, context)

    def look(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rows (n, d) with every cell filled, which cells are there, and which rows are outside."""
        columns = self.columns
        supported = torch.stack([c.supports(x[:, j]) for j, c in enumerate(columns)], -1)
        usual = torch.cat([c.at(x.new_zeros(1)) for c in columns])
        return torch.where(supported, x, usual), supported, (~supported & ~x.isnan()).any(-1)

    def _estimate(self, x: Tensor, context: Tensor | None) -> Tensor:
        filled, present, outside = self.look(x)
        known, share = self._hide(present)
        total = x.new_zeros(len(x))
        for network in self._networks:
            h = network.begin(len(x), context)
            for j, one in enumerate(network.each):
                h = h + torch.where(known[:, j, None], one.embed(filled[:, j]), 0.0)
            answer = network.answer(h)
            for j, (one, head) in enumerate(zip(network.each, network.heads, strict=True)):
                asked = share[:, j] > 0
                (index,) = asked.nonzero(as_tuple=True)
                log_prob = one.log_prob(head(answer[index]), filled[index, j])
                total = total.index_add(0, index, share[index, j] * log_prob)
        return (total / len(self.networks)).masked_fill(outside, -math.inf)

    def _hide(self, present: Tensor) -> tuple[Tensor, Tensor]:
        """Which present cells (n, d) are known, and the weight of each that is to be foretold.

        Of m present cells k are known, k uniform from 0 to m - 1. Half of the rows know the first k
        of `order` and foretell the next, which stands for all m; the others know any k, and each
        of those left stands for m/(m - k). (Measured on diamonds: to foretell all that is left in
        both halves cost 1 nat per row after the same time.)
        """
        n, d = present.shape
        rank = torch.rand(n, d, device=present.device)
        rank[: n // 2] = self.order.argsort().to(rank) / d
        rank = rank.masked_fill(~present, math.inf)
        place = rank.argsort(-1).argsort(-1)  # of each present cell among those of its row
        m = present.sum(-1, keepdim=True)
        k = (torch.rand(n, 1, device=present.device) * m).floor()
        known = present & (place < k)
        share = torch.where(known, 0.0, m / (m - k).clamp(min=1))
        share[: n // 2] = torch.where(place == k, m.to(share), 0.0)[: n // 2]
        return known, torch.where(present, share, 0.0)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        rows, given = self._rows(x, context)
        filled, present, outside = self.look(rows)
        walk = self.walk(len(rows), given)
        z = torch.randn_like(rows)
        total = standard_log_prob(z).neg()  # so far nothing is known, and log p is 0
        for j in self.order.tolist():
            (some,) = present[:, j].nonzero(as_tuple=True)
            if not len(some):
                continue
            found, log_prob = walk.encode(j, filled[some, j], some)
            change = log_prob + 0.5 * (found.square() - z[some, j].square())
            total = total.index_add(0, some, change)
            z = z.index_put((some, torch.full_like(some, j)), found)
        total = total.masked_fill(outside, -math.inf)
        return z.reshape(x.shape), total.reshape(x.shape[:-1])

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        rows, given = self._rows(z, context)
        walk = self.walk(len(rows), given)
        x, log_prob = torch.zeros_like(rows), rows.new_zeros(len(rows))
        for j in self.order.tolist():
            x[:, j], found = walk.decode(j, rows[:, j])
            log_prob = log_prob + found
        log_det = standard_log_prob(rows) - log_prob
        return x.reshape(z.shape), log_det.reshape(z.shape[:-1])

    def generate(
        self, z: Tensor, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Rows of the model, column by column, without roots; z gives their number and kind."""
        self.accept(z, context)
        rows, given = self._rows(z, context)
        return self.complete(torch.full_like(rows, math.nan), given, {}, generator)[0].reshape(
            z.shape
        )

    @torch.no_grad()
    def complete(
        self,
        x: Tensor,
        context: Tensor | None = None,
        limits: dict[int, Limit] | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Rows (n, d) with what is missing drawn given what is there, and log-weights (n).

        What is there is told first, then each column with a limit is drawn within it, then the
        others. A draw's weight is the probability of the limits, each given what came before; where
        there is one limit alone it is the same for equal rows, and the draws are exact.

        Raises:
            ShapeError: shapes that do not fit.
        """
        self.accept(x, context)
        limits = limits or {}
        filled, present, _ = self.look(x)
        walk = self.walk(len(x), context)
        log_weight = x.new_zeros(len(x))
        order = self.order.tolist()
        for j in order:
            (some,) = present[:, j].nonzero(as_tuple=True)
            if len(some):
                walk.log_prob(j, filled[some, j], some)
        for j in [*limits, *(j for j in order if j not in limits)]:
            (some,) = (~present[:, j]).nonzero(as_tuple=True)
            if len(some):
                filled[some, j], log_mass = walk.draw(j, some, limits.get(j), generator)
                log_weight[some] += log_mass
        return filled, log_weight
