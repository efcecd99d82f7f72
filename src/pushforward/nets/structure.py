"""Which feature may depend on which: an order, or a graph of parents, and the masks it makes."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError

Adjacency = Sequence[Sequence[int | bool]]


def order_tensor(features: int, order: Sequence[int] | None) -> Tensor:
    """The order as an index tensor; natural where None.

    Raises:
        ConfigurationError: `order` is not a permutation of 0 … features - 1.
    """
    indices = list(range(features)) if order is None else [int(i) for i in order]
    if sorted(indices) != list(range(features)):
        raise ConfigurationError(
            f"order must hold each of 0 … {features - 1} once, but is {indices}."
        )
    return torch.tensor(indices)


class Structure:
    """Parents of every feature, and what hidden units may see so that no one else is heard.

    Hidden units come in classes: a unit of a class sees the inputs of one set, and units whose sets
    lie within it; a feature hears the units whose sets lie within its parents. Without a graph the
    sets are the leading features of the order (MADE, Germain et al. 2015); with one, they are the
    parent sets that occur in it (as Wehenkel & Louppe 2021, "Graphical normalizing flows", mask
    their conditioners).

    Args:
        features: D.
        order: order[0] has no parents, and each of the others has all that come before it.
        adjacency: adjacency[i][j] says that feature i depends on feature j; what it says of i and
            itself is ignored. Instead of `order`.

    Attributes:
        chain: was it an order, not a graph?
        order: (D), parents before children.
        seen: (classes, D), the set of each class; classes are sorted by `degree`.
        degree: (classes), how many leading features of the order must be known for the set.
        own: (D), the class that is each feature's own parent set.

    Raises:
        ConfigurationError: an order that is none, a graph of another size or with a cycle, or both.

    Example:
        >>> fork = Structure(3, adjacency=[[0, 0, 0], [1, 0, 0], [1, 0, 0]])
        >>> fork.seen.int().tolist()  # nothing, and feature 0
        [[0, 0, 0], [1, 0, 0]]
    """

    def __init__(
        self,
        features: int,
        order: Sequence[int] | None = None,
        adjacency: Adjacency | None = None,
    ) -> None:
        self.chain = adjacency is None
        if adjacency is None:
            self.order: Tensor = order_tensor(features, order)
            rank = self.order.argsort()
            self.degree = torch.arange(features)
            self.seen = rank[None, :] < self.degree[:, None]
            self.own = rank
            return
        if order is not None:
            raise ConfigurationError("Give an order or an adjacency, not both: it has its own.")
        parents = _parents(features, adjacency)
        sequence = torch.tensor(_sorted(parents), device="cpu")
        last = torch.where(parents, sequence.argsort() + 1, 0).amax(1)
        # Classes by degree, then by what they hold; equal parent sets are one class.
        keyed = torch.cat([last[:, None], parents.long()], dim=1)
        classes, own = keyed.unique(dim=0, return_inverse=True)
        # Worked out on the CPU; then wherever modules are being built, the meta device included.
        device = torch.get_default_device()
        self.order, self.own, classes = (t.to(device) for t in (sequence, own, classes))
        self.degree, self.seen = classes[:, 0], classes[:, 1:].bool()

    def require_units(self, widths: Sequence[int]) -> None:
        """Refuse a graph for which a hidden layer is too narrow: some edges would be lost.

        Raises:
            ConfigurationError: naming how many units it takes.
        """
        needed = len(self.degree)
        if not self.chain and any(width < needed for width in widths):
            raise ConfigurationError(
                f"adjacency has {needed} different sets of parents, and each needs a unit in every "
                f"hidden layer; take widths of {needed} at least instead of {tuple(widths)}."
            )

    def within(self) -> Tensor:
        """(classes, classes): is the set of the second one within that of the first?"""
        if self.chain:
            return self.degree[:, None] >= self.degree[None, :]
        sets = self.seen.float()
        return sets @ sets.t() == sets.sum(1)

    def spread(self, units: int, with_context: bool) -> Tensor:
        """Classes of `units` hidden units, ascending, spread evenly over those of any use.

        A unit that sees no feature sees the context alone: without one it would be a constant.
        """
        count = len(self.degree)
        low = 0 if with_context or count == 1 else 1  # the first feature's class is that of none
        return (low + torch.arange(units) * (count - low) // max(units, 1)).clamp(max=count - 1)


def _parents(features: int, adjacency: Adjacency) -> Tensor:
    try:
        table = torch.as_tensor(adjacency, device="cpu")
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"adjacency must be a table of 0 and 1: {error}.") from error
    if table.shape != (features, features):
        raise ConfigurationError(
            f"adjacency must have shape ({features}, {features}), but has {tuple(table.shape)}."
        )
    return (table != 0) & ~torch.eye(features, dtype=torch.bool, device="cpu")


def _sorted(parents: Tensor) -> list[int]:
    graph = {i: row.nonzero().flatten().tolist() for i, row in enumerate(parents)}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " → ".join(str(i) for i in error.args[1])
        raise ConfigurationError(
            f"adjacency must have no cycle, but features depend on one another: {circle}."
        ) from error
