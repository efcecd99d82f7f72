"""The least likely rows, by number, and the columns to blame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.material import Judged, Material

LISTED, BLAMED = 10, 3
DONORS = 20  # nearest rows, whose values stand in for a suspected one


@dataclass(frozen=True)
class Blame:
    """One column of one row.

    Attributes:
        column: its name.
        nats: how much log density rises when this value alone is replaced, by the best of those
            that rows alike in everything else have.
    """

    column: str
    nats: float


@dataclass(frozen=True)
class UnlikelyRow:
    """A row that the flow thinks least likely; its values are not kept.

    Attributes:
        row: its number among the held-out rows given, from 0.
        log_prob: nats.
        columns: up to three to blame, most first.
    """

    row: int
    log_prob: float
    columns: tuple[Blame, ...]


def least_likely(
    judged: Judged, material: Material, x: Tensor, context: Tensor | None
) -> tuple[UnlikelyRow, ...]:
    """The ten least likely of all held-out rows, and which of their values make them so.

    A value is blamed by the rise in log density when it is replaced by the best of those of the
    twenty rows nearest in all other columns and the context.

    Args:
        x, context: all held-out rows and their contexts, as the flow takes them.
    """
    lowest = np.argsort(material.all_log_prob, kind="stable")[:LISTED]
    return tuple(_blamed(judged, material, x, context, int(row)) for row in lowest)


def _blamed(
    judged: Judged, material: Material, x: Tensor, context: Tensor | None, row: int
) -> UnlikelyRow:
    before = float(material.all_log_prob[row])
    d = material.width
    flat = x[row].flatten()
    own = flat.double().cpu().numpy()
    if context is not None:
        own = np.concatenate([own, context[row].double().cpu().numpy()])
    squares = np.square((material.real.joint - own) / material.scale)
    others = squares.sum(1)
    others[material.chosen == row] = np.inf  # it is no neighbour of its own
    candidates = flat.repeat(d * DONORS, 1).reshape(d, DONORS, d)
    for j in range(d):
        near = np.argsort(others - squares[:, j], kind="stable")[:DONORS]
        values = material.real.x[near, j]
        candidates[j, :, j] = torch.as_tensor(values).to(flat)
    given = None if context is None else context[row].expand(d * DONORS, -1)
    after = judged.log_prob(candidates.reshape(d * DONORS, *x.shape[1:]), given)
    best = after.reshape(d, DONORS).max(1)
    blamed = [
        Blame(material.names[j], float(best[j] - before))
        for j in np.argsort(-best, kind="stable")[:BLAMED]
        if best[j] > before
    ]
    return UnlikelyRow(row, before, tuple(blamed))
