"""How much a model of any order disagrees with itself: one row, scored in several orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from pushforward.numerics import in_chunks
from pushforward.transforms.columns import AnyOrder


def random_orders(features: int, count: int, seed: int = 0) -> list[list[int]]:
    """`count` orders of so many columns, at random.

    Example:
        >>> [sorted(order) for order in random_orders(3, 2)]
        [[0, 1, 2], [0, 1, 2]]
    """
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(features, generator=generator).tolist() for _ in range(count)]


@torch.no_grad()
def spread(
    layer: AnyOrder, x: Tensor, orders: Sequence[Sequence[int]], context: Tensor | None = None
) -> Tensor:
    """The mean |log p_σ(x) - log p_τ(x)| over all pairs of orders, (n), nats.

    A density has one value in every order; a network that answers for all of them has learned that
    more or less. Rows (n, d) outside the support have no spread: all orders say so. A context is
    (n, c).

    Raises:
        ShapeError: the number of columns does not fit.

    Example:
        >>> from pushforward.flows import columns
        >>> layer = columns(2).eval().transform[0]
        >>> spread(layer, torch.zeros(3, 2), [[0, 1], [1, 0]]).shape
        torch.Size([3])
    """
    layer.accept(x, context)

    def scores(rows: Tensor, given: Tensor | None) -> tuple[Tensor, ...]:
        return tuple(layer.log_prob(rows, given, order) for order in orders)

    each = in_chunks(scores, x, context)
    pairs = [(one - other).abs() for one, other in combinations(each, 2)]
    return torch.stack(pairs).mean(0).nan_to_num(0.0) if pairs else x.new_zeros(len(x))
