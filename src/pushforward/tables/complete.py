"""Rows of typed columns drawn given what is known of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, DataError
from pushforward.tables.conditions import Conditions
from pushforward.tables.model import CHUNK, TableModel
from pushforward.text import listed
from pushforward.transforms.columns import AnyOrder, Limit

PATIENCE = 100  # draws for each row asked, beyond the first ones
FIRST = 100_000  # draws that are always tried


def completed(model: TableModel, values: np.ndarray, seed: int) -> np.ndarray:
    """Values (n, d) with NaN drawn from its law given the rest of its row: (n, d).

    Raises:
        ConfigurationError: the model cannot condition its columns on one another.
        ShapeError: the number of columns does not fit.
    """
    layer, generator = any_order(model), torch.Generator().manual_seed(seed)
    x, _ = model.tensors(values)
    blocks = [layer.complete(part, generator=generator)[0] for part in x.split(CHUNK)]
    filled = torch.cat(blocks).double().numpy() + _offsets(model)
    return np.where(np.isnan(values), filled, values)


def conditioned(model: TableModel, conditions: Conditions, n: int, seed: int) -> np.ndarray:
    """New rows (n, d) given conditions, exactly.

    The least likely limit is drawn within; a row is kept with the probability of the others given
    what has come before, so that those kept have the law of all conditions together.

    Raises:
        ConfigurationError: the model cannot condition its columns on one another.
        DataError: the conditions have no probability, or too little to find n rows.
    """
    layer, generator = any_order(model), torch.Generator().manual_seed(seed)
    row, _ = model.tensors(conditions.values[None])
    shifted = _shifted(model, conditions.limits)
    masses = {j: float(layer.complete(row, None, {j: b})[1]) for j, b in shifted.items()}
    for j, mass in masses.items():
        if not mass > -np.inf:
            raise DataError(f"given: no row has column {model.columns[j]!r} so; widen its limits.")
    limits = {j: shifted[j] for j in sorted(masses, key=lambda j: masses[j])}
    log_most = min(masses.values(), default=0.0)
    kept: list[Tensor] = []
    found = drawn = 0
    while found < n:
        rate = (found + 1) / (drawn + 1) if drawn else 1.0
        size = min(CHUNK, int((n - found) / rate) + 1) if drawn else min(CHUNK, n)
        x, log_weight = layer.complete(row.expand(size, -1), None, limits, generator)
        if len(limits) > 1:
            u = torch.rand(size, generator=generator, dtype=torch.float64)
            x = x[u.log() < log_weight.double() - log_most]
        kept.append(x)
        found, drawn = found + len(x), drawn + size
        if found < n and drawn > FIRST + PATIENCE * n and found < drawn / PATIENCE:
            raise DataError(
                f"given: only {found} of {drawn:,} rows drawn meet the conditions on "
                f"{listed([model.columns[j] for j in limits])} together; loosen one of them."
            )
    rows = torch.cat(kept)[:n].double().numpy() + _offsets(model)
    return np.where(np.isnan(conditions.values), rows, conditions.values)


def any_order(model: TableModel) -> AnyOrder:
    """The model's layer that takes columns in any order.

    Raises:
        ConfigurationError: it has none.
    """
    layer = next(iter(model.flow.transform), None)
    if not isinstance(layer, AnyOrder):
        raise ConfigurationError(
            "This model takes its columns in one order alone, as those of real numbers without a "
            "schema do: it cannot complete rows. Fit it with schema='infer'."
        )
    return layer


def _offsets(model: TableModel) -> np.ndarray:
    return np.array([column.offset for column in model.table.columns])


def _shifted(model: TableModel, limits: dict[int, Limit]) -> dict[int, Limit]:
    """Limits less the offsets of their columns."""
    offsets = _offsets(model)
    return {
        j: replace(limit, low=limit.low - offsets[j], high=limit.high - offsets[j])
        for j, limit in limits.items()
    }
