"""The least likely rows, by number, and the columns to blame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.blame import Blamer
from pushforward.diagnostics.judged import Judged
from pushforward.diagnostics.material import Material

LISTED, BLAMED = 10, 3


@dataclass(frozen=True)
class Blame:
    """One column of one row.

    Attributes:
        column: its name.
        nats: how much log density rises when this value alone is replaced, by the best of those
            that samples alike in everything else have (see `Blamer`).
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

    A value is blamed by what `Blamer` measures, as in the command `score --blame`.

    Args:
        x, context: all held-out rows and their contexts, as the flow takes them.

    Raises:
        ModelError: hardly a sample of the flow is finite.
    """
    lowest = np.argsort(material.all_log_prob, kind="stable")[:LISTED]
    before = material.all_log_prob[lowest]
    some = torch.as_tensor(lowest, device=x.device)
    given = None if context is None else context[some]
    rises = Blamer(judged).rises(x[some], given, before)
    return tuple(
        UnlikelyRow(int(row), float(log_prob), _most(material.names, nats))
        for row, log_prob, nats in zip(lowest, before, rises, strict=True)
    )


def _most(names: tuple[str, ...], nats: np.ndarray) -> tuple[Blame, ...]:
    """The columns that cost most, of those that cost anything."""
    order = np.argsort(-nats, kind="stable")[:BLAMED]
    return tuple(Blame(names[j], float(nats[j])) for j in order if nats[j] > 0)
