"""A flow together with its columns: scores, samples and latents in the units of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from pydantic import ValidationError
from torch import Tensor

from pushforward.conditions import Condition, Conditional, any_order, code, from_mapping
from pushforward.errors import DataError, ModelError, ShapeError
from pushforward.flow import Flow
from pushforward.schema import Coded, Schema
from pushforward.storage import (
    ColumnRecord,
    TableRecord,
    config_of,
    read_model,
    write_model,
)
from pushforward.tables.card import card
from pushforward.training import seeded

CHUNK = 16384  # rows in a block of samples
HELDOUT = "heldout.log_prob"
FAR_FROM_ZERO = 1e3  # a column whose middle lies this many spreads from zero is shifted


def column_records(
    names: list[str], values: np.ndarray, shiftable: Sequence[bool] | None = None
) -> list[ColumnRecord]:
    """The columns of (n, d) values, with an offset where float32 would lose their digits.

    NaN is a missing cell. Columns that are not `shiftable` (None: all are) have no offset.

    An offset is a multiple of a power of two near the spread: subtracting it costs no digit, and it
    is no cell of anybody's table.
    """
    if np.isnan(values).any():
        known = np.where(np.isnan(values).all(0), 0.0, values)
        middle, spread = np.nanmedian(known, axis=0), np.nanstd(known, axis=0)
    else:
        middle, spread = np.median(values, axis=0), values.std(axis=0)
    least = np.finfo(float).eps * np.abs(middle) + np.finfo(float).tiny
    unit = 2.0 ** np.ceil(np.log2(np.maximum(spread, least)))
    far = np.abs(middle) > FAR_FROM_ZERO * spread
    if shiftable is not None:
        far &= np.array(shiftable)
    offsets = np.where(far, np.round(middle / unit) * unit, 0.0)
    return [ColumnRecord(name=n, offset=float(o)) for n, o in zip(names, offsets, strict=True)]


def without_offsets(values: np.ndarray, columns: Sequence[ColumnRecord]) -> np.ndarray:
    """values (n, d), less each column's offset: as a flow takes them.

    Example:
        >>> without_offsets(np.array([[1001.0]]), [ColumnRecord(name="a", offset=1000.0)])
        array([[1.]])
    """
    return values - np.array([column.offset for column in columns])


@dataclass
class TableModel:
    """A fitted flow of some columns, given some others.

    Attributes:
        flow: in evaluation mode.
        table: columns and context columns, with their offsets.
        heldout: log densities of the held-out rows, sorted, nats: what `rarity` compares with.
        training: settings, rows, seed and fingerprint.
        figures: held-out results, of this flow and of the baselines.
        schema: how cells become numbers and back; None where they are numbers themselves.
    """

    flow: Flow
    table: TableRecord
    heldout: Tensor
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    schema: Schema | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the modelled columns, in the flow's order."""
        return [c.name for c in self.table.columns]

    @property
    def context(self) -> list[str]:
        """The names of the columns conditioned on."""
        return [c.name for c in self.table.context]

    @property
    def names(self) -> list[str]:
        """The names of all columns that it knows, those that its schema leaves out among them."""
        own = [*self.columns, *self.context]
        return own if self.schema is None else [c.name for c in self.schema.columns]

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

    def coded(
        self, rows: pa.RecordBatch | pa.Table, source: str, start: int = 0, header: bool = True
    ) -> Coded:
        """Rows of a table by the model's schema; arguments as of `Schema.encode`.

        Where the model takes missing cells, it does so in every column: the density is then that
        of the others.

        Raises:
            DataError: as `Schema.encode`.
        """
        assert self.schema is not None
        coded = self.schema.encode(rows, source, start, header)
        return coded.with_gaps() if self.flow.takes_missing else coded

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

        Those of a cell with a probability are drawn from its interval; of a missing one, from the
        standard normal. Equal calls draw alike.

        Raises:
            ShapeError: as `log_prob`.
        """
        if self.flow.takes_missing:
            with seeded(0):
                return self._apply(self.flow.encode, values, self.table.columns, context)
        return self._apply(self.flow.encode, values, self.table.columns, context)

    def decode(self, latents: np.ndarray, context: np.ndarray | None = None) -> np.ndarray:
        """Values (n, d) of latents (n, d), in the units of the table.

        Raises:
            ShapeError: as `log_prob`.
        """
        plain = [ColumnRecord(name=f"z_{i + 1}") for i in range(len(self.columns))]
        rows = self._apply(self.flow.decode, latents, plain, context)
        return self._drawn(torch.from_numpy(rows))

    def named(self, rows: np.ndarray) -> dict[str, Any]:
        """Rows (n, d) as columns by name: as the table's schema has them, all of its columns; else
        numbers, in float32 where the flow's digits end there."""
        if self.schema is not None:
            return self.schema.decode(rows)
        return {
            c.name: rows[:, j] if c.offset else rows[:, j].astype(self.precision)
            for j, c in enumerate(self.table.columns)
        }

    def _drawn(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) that a flow has made, float64, in the units of the table.

        By a schema, numbers of float32 have no more digits than it has: 0.1, not 0.100000001.
        """
        rows = x.double().numpy()
        if self.schema is not None and self.precision == "float32":
            for j, column in enumerate(self.table.columns):
                if not column.offset:
                    text = pc.cast(pa.array(rows[:, j].astype(np.float32)), pa.string())
                    rows[:, j] = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
        return rows + self._offsets(self.table.columns)

    def conditional(self, given: str | Mapping[str, Any] | Condition, seed: int = 0) -> Conditional:
        """Rows given what is told of some columns, as "cut=Ideal,price>=5000"; log P of that.

        Args:
            given: a text as `pushforward.conditions.code` takes it, columns and what is told of
                them as `pushforward.conditions.from_mapping` does, or what either of them gives.
            seed: of everything random.

        Raises:
            ModelError: the model takes its columns in one order alone.
            ConfigurationError, DataError: a condition that cannot be read or met; see `code`,
                `from_mapping`, `Conditional`.
        """
        layer = any_order(self.flow)
        if self.schema is None:
            raise ModelError("This model has no schema by which a condition could be read.")
        if isinstance(given, Condition):
            condition = given
        elif isinstance(given, str):
            condition = code(given, self.schema)
        else:
            condition = from_mapping(given, self.schema)
        offsets = self._offsets(self.table.columns)
        row = torch.as_tensor(condition.row(len(self.columns))[0] - offsets)
        limits = {
            j: replace(limit, low=limit.low - offsets[j], high=limit.high - offsets[j])
            for j, limit in condition.limits.items()
        }
        return Conditional(layer, row, limits, seed)

    def complete(self, values: np.ndarray, generator: torch.Generator) -> np.ndarray:
        """values (n, d) with each missing cell (NaN) drawn from its law given the cells there.

        What is there comes back as it is; draws are exact.

        Raises:
            ModelError: the model takes its columns in one order alone.
            ShapeError: the number of columns does not fit.
            DataError: a value that the model gives no probability to.
        """
        layer = any_order(self.flow)
        x, _ = self.tensors(values)
        present = layer.look(x)[1].numpy()
        for row, j in np.argwhere(~present & ~np.isnan(values)):
            raise DataError(
                f"The value {values[row, j]:g} in column {self.columns[j]!r} has no probability in "
                "this model, so that nothing can be drawn given it; leave out the row."
            )
        parts = [layer.complete(part, None, None, generator)[0] for part in x.split(CHUNK)]
        return np.where(present, values, self._drawn(torch.cat(parts) if parts else x))

    def sample(
        self,
        n: int,
        seed: int = 0,
        context: np.ndarray | None = None,
        given: str | Mapping[str, Any] | Conditional | None = None,
    ) -> Iterator[np.ndarray]:
        """Blocks of new rows (m, d), n in all, or n for each row of a context (k, c), in its order.

        Args:
            n: how many.
            seed: of everything random.
            context: of a model that is conditioned on some columns.
            given: what is told of the rows, as `conditional` takes it or gives it. Told values come
                back as they are, whatever the flow's precision.

        Raises:
            ShapeError: a context that is missing or does not fit.
            ModelError, ConfigurationError, DataError: as `conditional`.
        """
        if given is not None:
            told = given if isinstance(given, Conditional) else self.conditional(given, seed)
            row = told.row.double().numpy() + self._offsets(self.table.columns)
            for block in told.rows(n):
                yield np.where(np.isnan(row), self._drawn(block), row)
            return
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
            yield self._drawn(x)

    def write(self, folder: Path) -> None:
        """Write the model's files into an existing folder.

        Raises:
            DataError: the folder cannot be written.
        """
        typed = None if self.schema is None else self.schema.model_dump(mode="json")
        config = config_of(
            self.flow,
            table=self.table.model_copy(update={"typed": typed}),
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
        return torch.as_tensor(without_offsets(values, columns)).to(self.flow.dtype)

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
    if stored.config.images is not None:
        raise ModelError(
            f"{folder} is a model of images, not of a table; score, sample, interpolate and "
            "compare take it."
        )
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
    schema = None if table.typed is None else _schema(table.typed, columns, folder)
    return TableModel(flow, table, heldout, config.training, config.figures, schema)


def _schema(typed: dict[str, Any], columns: int, folder: str | Path) -> Schema:
    try:
        schema = Schema.model_validate(typed)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{folder}: the schema of its columns is broken: {where}: {first['msg']}."
        ) from None
    if len(schema.modelled) != columns:
        raise ModelError(
            f"{folder}: its schema models {len(schema.modelled)} columns, its flow {columns}."
        )
    return schema
