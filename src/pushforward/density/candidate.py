"""What is tried: a way to a density, judged on folds that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pushforward.density.rows import Standardized
from pushforward.numerics import in_chunks
from pushforward.transforms.stack import Member


@dataclass
class Candidate:
    """One way to a density.

    Attributes:
        name: in words, with the sizes that were chosen.
        members: the parts of its final density, equally weighed: one fitted to all rows, or one
            for each fold, fitted to the others.
        records: how the recipe `stack` makes each of them.
        judged: log densities of the rows of each fold, by what was fitted without that fold.
        seconds: time spent.
    """

    name: str
    members: list[Member]
    records: list[dict[str, Any]]
    judged: list[Tensor] = field(default_factory=list)
    seconds: float = 0.0


@torch.no_grad()
def log_prob(member: Member, data: Standardized, index: Tensor) -> Tensor:
    """Log densities (m) of the rows of that index, standardized units, nats."""
    rows = data.rows.take(index)
    (found,) = in_chunks(lambda x, context: (member.log_prob(x, context),), rows.x, rows.context)
    return found.double()
