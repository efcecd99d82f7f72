"""A network that foretells any column of a row from any others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from pushforward.errors import ConfigurationError
from pushforward.nets.mlp import linear_from_zero
from pushforward.transforms.columns.category import Category
from pushforward.transforms.columns.cells import Cells
from pushforward.transforms.columns.column import Column, Spec
from pushforward.transforms.columns.real import Real

SKIP = 32  # units of the sum that the heads read as they are, so that linear laws come easily
KINDS = ("category", "cells", "real")


def column(spec: Spec, width: int) -> Column:
    """The column that a record describes, for a network of that width.

    Args:
        spec: {"kind": "category", "size": K}; {"kind": "cells", "lower": None, "upper": None,
            "atoms": 0}; {"kind": "real", "lower": None, "upper": None, "period": False}; the
            defaults may be left out, and "components" added to the last two.

    Raises:
        ConfigurationError: an unknown kind or field.
    """
    given = dict(spec)
    kind = given.pop("kind", None)
    try:
        if kind == "category":
            return Category(given.pop("size"), width, **given)
        if kind == "cells":
            return Cells(width, **given)
        if kind == "real":
            return Real(width, **given)
    except (TypeError, KeyError) as error:
        raise ConfigurationError(
            f"A column of kind {kind!r} is not described by {spec}: {error}."
        ) from error
    raise ConfigurationError(f"A column is of kind {', '.join(KINDS)}, not {kind!r}.")


class Block(nn.Module):
    """h + W·silu(V·norm(h)), which starts as h."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = linear_from_zero(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.outer(self.dropout(silu(self.inner(self.norm(h)))))


class Network(nn.Module):
    """The sum of what is known of a row, through residual blocks, to each column's law.

    What is not known adds nothing to the sum, so that one column more is one addition, and the
    blocks are all that has to be computed again (Uria et al. 2014, A Deep and Tractable Density
    Estimator; Hoogeboom et al. 2022, Autoregressive Diffusion Models).

    Args:
        columns: records, as `column` takes them.
        context_features: length of the context vector.
        width, blocks: of the residual network.
        dropout: share of a block's inner units left out while training.

    Raises:
        ConfigurationError: no columns, or a record that describes none.
    """

    def __init__(
        self,
        columns: Sequence[dict[str, Any]],
        context_features: int = 0,
        width: int = 256,
        blocks: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not columns:
            raise ConfigurationError("A model of columns needs one at least.")
        self.columns = nn.ModuleList(column(spec, width) for spec in columns)
        self.first = nn.Parameter(torch.zeros(width))
        self.context = nn.Linear(context_features, width, bias=False) if context_features else None
        self.blocks = nn.ModuleList(Block(width, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleList(
            linear_from_zero(width + min(SKIP, width), c.size) for c in self.each
        )

    @property
    def each(self) -> list[Column]:
        """The columns, typed."""
        return list(self.columns)  # type: ignore[arg-type]

    def begin(self, rows: int, context: Tensor | None) -> Tensor:
        """The sum (rows, width) before any column is known."""
        h = self.first.expand(rows, -1)
        return h if self.context is None or context is None else h + self.context(context)

    def answer(self, h: Tensor) -> Tensor:
        """What the heads read, (rows, width + SKIP), given the sum."""
        plain = h[:, :SKIP]
        for block in self.blocks:
            h = block(h)
        return torch.cat([silu(self.norm(h)), plain], -1)

    @torch.no_grad()
    def initialize(self, x: Tensor, weight: Tensor | None = None) -> None:
        """Begin with each column's own law, from rows (n, d) with NaN where a cell is missing."""
        for j, (one, head) in enumerate(zip(self.each, self.heads, strict=True)):
            present = one.supports(x[:, j])
            if bool(present.any()):
                share = None if weight is None else weight[present]
                head.bias.copy_(one.start(x[present, j], share))  # type: ignore[operator, union-attr]
