"""`score`, `encode` and `decode`: commands that stream rows through a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pushforward.cli import say
from pushforward.cli.options import Data, Force, Model, Output, locate, refuse_output
from pushforward.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from pushforward.tables import Batch
    from pushforward.tables.model import TableModel

Columns = dict[str, Any]

ADDED = ("log_prob", "rarity")  # by `score`


def score(model: Model, data: Data, output: Output, force: Force = False) -> None:
    """Add two columns to DATA: log_prob, and rarity.

    The model's columns are written as numbers, others as they stand. log_prob is the log density
    of the row in nats, in the units of the table. rarity is the share of held-out rows that are
    less likely: near 0 is rare, near 1 is typical.
    """

    def columns(fitted: TableModel, batch: Batch) -> Columns:
        values, context = _inputs(fitted, batch, fitted.columns)
        log_prob = fitted.log_prob(values, context)
        carried = {name: batch.data.column(name) for name in batch.data.schema.names}
        numbers = _named(fitted.columns, values) | _named(fitted.context, context)
        scores = (log_prob.astype(fitted.precision), fitted.rarity(log_prob))
        return carried | numbers | dict(zip(ADDED, scores, strict=True))

    _stream(model, data, output, force, columns, refused=ADDED)


def encode(model: Model, data: Data, output: Output, force: Force = False) -> None:
    """Write the latents z_1, z_2, … of the rows of DATA (and the context columns, if any)."""

    def columns(fitted: TableModel, batch: Batch) -> Columns:
        values, context = _inputs(fitted, batch, fitted.columns)
        latents = fitted.encode(values, context).astype(fitted.precision)
        return _named(latent_names(fitted), latents) | _named(fitted.context, context)

    _stream(model, data, output, force, columns)


def decode(
    model: Model,
    data: Annotated[str, typer.Argument(metavar="LATENTS", help="A file with z_1, z_2, ….")],
    output: Output,
    force: Force = False,
) -> None:
    """Write the rows whose latents are in LATENTS: what `encode` wrote comes back."""

    def columns(fitted: TableModel, batch: Batch) -> Columns:
        latents, context = _inputs(fitted, batch, latent_names(fitted))
        return fitted.named(fitted.decode(latents, context)) | _named(fitted.context, context)

    _stream(model, data, output, force, columns)


def latent_names(fitted: TableModel) -> list[str]:
    """z_1 … z_d.

    Raises:
        DataError: the model is conditioned on a column of such a name.
    """
    names = [f"z_{i + 1}" for i in range(len(fitted.columns))]
    for name in fitted.context:
        if name in names:
            raise DataError(
                f"The model is conditioned on a column called {name!r}, as one of its latents is; "
                "fit it anew with that column renamed."
            )
    return names


def _named(names: list[str], values: np.ndarray | None) -> Columns:
    """The columns of values (n, d) by name; none of None, which is no context."""
    return {} if values is None else {name: values[:, j] for j, name in enumerate(names)}


def _inputs(
    fitted: TableModel, batch: Batch, names: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    context = batch.numeric(fitted.context) if fitted.context else None
    return batch.numeric(names), context


def _stream(
    model: Model,
    data: str,
    output: str,
    force: bool,
    columns: Callable[[TableModel, Batch], Columns],
    refused: tuple[str, ...] = (),
) -> None:
    """Read DATA in batches, compute `columns` of each, and write them; memory stays flat."""
    refuse_output(output, force)
    from pushforward.tables import open_table, writing
    from pushforward.tables.model import load_table_model
    from pushforward.tables.overlap import ahead, behind

    fitted = load_table_model(model)
    reader = open_table(locate(data))
    for text in reader.notes:
        say.note(text)
    taken = [name for name in refused if name in reader.names]
    if taken:
        raise DataError(
            f"{reader.source} has a column {taken[0]!r} already; rename it or leave it out."
        )

    def blocks() -> Iterator[Columns]:
        for batch in ahead(reader.batches()):
            yield columns(fitted, batch)

    with writing(output, force) as writer:
        behind(blocks(), writer.write)
