"""A flow together with its columns: scores, samples and latents in the units of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.errors import ModelError, ShapeError
from pushforward.flow import Flow
from pushforward.storage import (
    ColumnRecord,
    Config,
    TableRecord,
    describe,
    read_model,
    versions,
    write_model,
)
from pushforward.tables.card import card

CHUNK = 16384  # rows in a block of samples
HELDOUT = "heldout.log_prob"
FAR_FROM_ZERO = 1e3  # a column whose middle lies this many spreads from zero is shifted


def column_records(names: list[str], values: np.ndarray) -> list[ColumnRecord]:
    """The columns of (n, d) values, with an offset where float32 would lose their digits.

    An offset is a multiple of a power of two near the spread: subtracting it costs no digit, and it
    is no cell of anybody's table.
    """
    middle, spread = np.median(values, axis=0), values.std(axis=0)
    least = np.finfo(float).eps * np.abs(middle) + np.finfo(float).tiny
    unit = 2.0 ** np.ceil(np.log2(np.maximum(spread, least)))
    far = np.abs(middle) > FAR_FROM_ZERO * spread
    offsets = np.where(far, np.round(middle / unit) * unit, 0.0)
    return [ColumnRecord(name=n, offset=float(o)) for n, o in zip(names, offsets, strict=True)]


@dataclass
class TableModel:
    """A fitted flow of some columns, given some others.

    Attributes:
        flow: in evaluation mode.
        table: columns and context columns, with their offsets.
        heldout: log densities of the held-out rows, sorted, nats: what `rarity` compares with.
        training: settings, rows, seed and fingerprint.
        figures: held-out results, of this flow and of the baselines.
    """

    flow: Flow
    table: TableRecord
    heldout: Tensor
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The names of the modelled columns, in the flow's order."""
        return [c.name for c in self.table.columns]

    @property
    def context(self) -> list[str]:
        """The names of the columns conditioned on."""
        return [c.name for c in self.table.context]

    @property
    def precision(self) -> str:
        """The dtype in which the flow computes, by name: "float32" or "float64"."""
        return str(self.flow.dtype).removeprefix("torch.")

    def tensors(
        self, values: np.ndarray, context: np.ndarray | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """values (n, d) and context (n, c), float64, as the flow takes them: offsets removed.

        Raises:
            ShapeError: the number of columns does not fit.
        """
        x = self._tensor(values, self.table.columns)
        assert x is not None
        return x, self._tensor(context, self.table.context)

    def log_prob(self, values: np.ndarray, context: np.ndarray | None = None) -> np.ndarray:
        """Log densities (n) of values (n, d), in nats, in the units of the table.

        Raises:
            ShapeError: the number of columns, or the context, does not fit.
        """
        return self._apply(self.flow.log_prob, values, self.table.columns, context)

    def rarity(self, log_prob: np.ndarray) -> np.ndarray:
        """The share of held-out rows that are less likely, (n) in [0, 1]: 0 is the rarest."""
        known = self.heldout.double().numpy()
        return np.searchsorted(known, log_prob, side="left") / max(len(known), 1)

    def encode(self, values: np.ndarray, context: np.ndarray | None = None) -> np.ndarray:
        """Latents (n, d) of values (n, d).

        Raises:
            ShapeError: as `log_prob`.
        """
        return self._apply(self.flow.encode, values, self.table.columns, context)

    def decode(self, latents: np.ndarray, context: np.ndarray | None = None) -> np.ndarray:
        """Values (n, d) of latents (n, d), in the units of the table.

        Raises:
            ShapeError: as `log_prob`.
        """
        plain = [ColumnRecord(name=f"z_{i + 1}") for i in range(len(self.columns))]
        rows = self._apply(self.flow.decode, latents, plain, context)
        return rows + self._offsets(self.table.columns)

    def named(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Rows (n, d) as columns by name, in float32 where the flow's digits end there."""
        return {
            c.name: rows[:, j] if c.offset else rows[:, j].astype(self.precision)
            for j, c in enumerate(self.table.columns)
        }

    def sample(
        self, n: int, seed: int = 0, context: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Blocks of new rows (m, d), n in all, or n for each row of a context (k, c), in its order.

        Raises:
            ShapeError: a context that is missing or does not fit.
        """
        generator = torch.Generator().manual_seed(seed)
        conditions = self._tensor(context, self.table.context)
        total = n if conditions is None else n * len(conditions)
        for start in range(0, total, CHUNK):
            size = min(CHUNK, total - start)
            if conditions is None:
                x = self.flow.sample((size,), generator=generator)
            else:
                asked = torch.arange(start, start + size) // n  # which row of the context
                x = self.flow.sample((), conditions[asked], generator)
            yield x.double().numpy() + self._offsets(self.table.columns)

    def write(self, folder: Path) -> None:
        """Write the model's files into an existing folder.

        Raises:
            DataError: the folder cannot be written.
        """
        record, dtype = describe(self.flow)
        config = Config(
            versions=versions(),
            flow=record,
            dtype=dtype,  # type: ignore[arg-type]
            table=self.table,
            training=self.training,
            figures=self.figures,
        )
        write_model(folder, self.flow, config, {HELDOUT: self.heldout}, card(config))

    def _offsets(self, columns: list[ColumnRecord]) -> np.ndarray:
        return np.array([c.offset for c in columns])

    def _tensor(self, values: np.ndarray | None, columns: list[ColumnRecord]) -> Tensor | None:
        """float64 (n, d) in the table's units -> the flow's dtype, offsets subtracted first."""
        if values is None:
            return None
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise ShapeError(
                f"Expected (rows, {len(columns)}) numbers for {[c.name for c in columns]}, "
                f"but was given shape {values.shape}."
            )
        return torch.as_tensor(values - self._offsets(columns)).to(self.flow.dtype)

    @torch.no_grad()
    def _apply(
        self,
        function: Callable[[Tensor, Tensor | None], Tensor],
        values: np.ndarray,
        columns: list[ColumnRecord],
        context: np.ndarray | None,
    ) -> np.ndarray:
        """`function` of the rows, as float64."""
        x = self._tensor(values, columns)
        c = self._tensor(context, self.table.context)
        assert x is not None
        return function(x, c).double().numpy()


def load_table_model(folder: str | Path) -> TableModel:
    """Read a fitted table model.

    Raises:
        ModelError: as `pushforward.load`, or a model without columns, or with others than its flow.
    """
    stored = read_model(folder)
    flow, table = stored.flow.requires_grad_(False), stored.config.table
    if table is None:
        raise ModelError(
            f"{folder} is a flow without columns; read it with pushforward.load in Python."
        )
    columns, context = len(table.columns), len(table.context)
    if flow.event_shape != (columns,) or flow.context_features != context:
        raise ModelError(
            f"{folder} names {columns} columns and {context} to condition on, but its flow has "
            f"{flow.event_shape.numel()} and {flow.context_features}."
        )
    heldout = stored.extras.get(HELDOUT, torch.empty(0))
    if heldout.ndim != 1 or not heldout.is_floating_point():
        raise ModelError(f"{folder}: the scores of its held-out rows are not a list of numbers.")
    config = stored.config
    return TableModel(flow, table, heldout, config.training, config.figures)
