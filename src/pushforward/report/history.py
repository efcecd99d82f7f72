"""The history of a fit as arrays, for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

TERMS = ("nll", "nll_base", "nll_log_det")
UNITS = ((7200.0, 3600.0, "hours"), (600.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))


@dataclass(frozen=True)
class Curves:
    """A history as arrays.

    Attributes:
        time: the end of each epoch (k), in `unit`.
        unit: seconds, minutes or hours.
        train, validation: (k, 3), the NLL and its two terms, nats per row; NaN where unknown.
        epochs: their numbers (k).
        kept: the indices of the epochs whose weights were kept, one for each flow; where several
            were trained one after another, a row of NaN stands between them.
        undone: when steps were undone, in `unit`: in the middle of their epoch.
    """

    time: np.ndarray
    unit: str
    train: np.ndarray
    validation: np.ndarray
    epochs: list[int]
    kept: list[int]
    undone: np.ndarray

    @property
    def judged(self) -> bool:
        """Were there rows for validation?"""
        return bool(np.isfinite(self.validation).any())


def read_curves(history: list[dict[str, Any]]) -> Curves | None:
    """The history of a fit as arrays; None where it holds no epoch.

    Example:
        >>> entry = {"epoch": 1, "seconds": 2.0, "best": True, "validation": None,
        ...     "train": {"nll": 3.0, "nll_base": 1.0, "nll_log_det": 2.0}}
        >>> curves = read_curves([{"event": "non-finite step undone", "epoch": 1}, entry])
        >>> curves.time.tolist(), curves.undone.tolist(), curves.judged
        ([2.0], [1.0], False)
    """
    flows = _by_flow([e for e in history if "event" not in e])
    if not flows:
        return None
    entries = flows[0] + [e for flow in flows[1:] for e in (_gap(flow[0]), *flow)]
    seconds = np.array([float(e["seconds"]) for e in entries])
    _, scale, unit = next(u for u in UNITS if seconds[-1] >= u[0])
    epochs = [int(e["epoch"]) for e in entries]
    begun = np.concatenate([[0.0], seconds])
    events = [int(e["epoch"]) for e in history if "event" in e]
    return Curves(
        time=seconds / scale,
        unit=unit,
        train=_table(entries, "train"),
        validation=_table(entries, "validation"),
        epochs=epochs,
        kept=[entries.index(_kept(flow)) for flow in flows],
        undone=_middles(begun, epochs, events) / scale,
    )


def _by_flow(entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The epochs of each flow: a density fit trains one without each of some folds."""
    return [list(own) for _, own in groupby(entries, key=lambda e: e.get("fold"))]


def _gap(first: dict[str, Any]) -> dict[str, Any]:
    """An epoch of which nothing is known, before the first of another flow."""
    return {"epoch": first["epoch"], "seconds": first["seconds"], "gap": True}


def _kept(flow: list[dict[str, Any]]) -> dict[str, Any]:
    return next((e for e in reversed(flow) if e.get("best")), flow[-1])


def _table(entries: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([[(e.get(key) or {}).get(t, np.nan) for t in TERMS] for e in entries], float)


def _middles(begun: np.ndarray, epochs: list[int], events: list[int]) -> np.ndarray:
    """The middle of each event's epoch; of one that never ended, the last time known."""
    last = len(begun) - 1
    at = np.searchsorted(epochs, events)
    return (begun[np.minimum(at, last)] + begun[np.minimum(at + 1, last)]) / 2
