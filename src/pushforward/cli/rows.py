"""`score`, `encode` and `decode`: commands that stream rows through a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pushforward.cli import say
from pushforward.cli.options import (
    Data,
    ExcelSafe,
    Force,
    Limit,
    MaybeOutput,
    Model,
    Output,
    PartOption,
    Seed,
    is_image_model,
    locate,
    needed,
    refuse_others,
    refuse_output,
)
from pushforward.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    import numpy as np

    from pushforward.diagnostics.blame import Blamer
    from pushforward.schema import Coded
    from pushforward.tables import Batch
    from pushforward.tables.model import TableModel

Columns = dict[str, Any]

ADDED = ("log_prob", "rarity")  # by `score`
BLAMED = ("blame", "blame_nats")  # by `score --blame`
SPREAD = "spread"  # by `score --spread`
BLAME_BELOW = 0.01
MOST_NAMED = 5


def score(
    model: Model,
    data: Data,
    output: MaybeOutput = None,
    force: Force = False,
    part: PartOption = None,
    draws: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Of images, where log P is a bound by noise: so many draws for each image, whose "
            "log-mean-exp is a tighter bound; 1 if left out.",
        ),
    ] = None,
    limit: Limit = None,
    seed: Seed = 0,
    blame: Annotated[
        bool,
        typer.Option(
            "--blame",
            help="Add two more: blame, the column that costs a rare row most of its density, and "
            "blame_nats, by how many nats log_prob would rise, had it the best value of samples "
            "alike in all else.",
        ),
    ] = False,
    blame_below: Annotated[
        float | None,
        typer.Option(
            metavar="RARITY",
            help="With --blame, which takes many densities a row: only rows of at most this "
            f"rarity are looked at, others are left empty. {BLAME_BELOW} unless told; 1 for all.",
        ),
    ] = None,
    spread: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="For a model of any order: score each row in K further orders of the columns and "
            "add the column spread, the mean difference of two orders in nats.",
        ),
    ] = None,
    excel_safe: ExcelSafe = False,
) -> None:
    """Add two columns to DATA: log_prob, and rarity.

    Cells are written as they stand; of a model without typed columns, its own as numbers. log_prob
    is the log density of the row in nats, in the units of the table; where columns are typed, what
    it is per unit of is said on standard error. rarity is the share of held-out rows that are less
    likely: near 0 is rare, near 1 is typical. With --blame, two more. Where cells are missing,
    log_prob is that of the others.

    Of images: print their bits/dim, -log2 P for each number of an image, and whether it is exact or
    a bound; OUT gets a row for each image. Of a data set by name, its test part is scored.
    """
    of_images = is_image_model(model)
    refuse_others(
        model,
        of_images,
        {
            "--blame": blame,
            "--blame-below": blame_below is not None,
            "--spread": spread,
            "--excel-safe": excel_safe,
        },
        {"--part": part, "--draws": draws, "--limit": limit, "--seed": seed},
    )
    if of_images:
        from pushforward.cli.images.score import score_images

        score_images(model, data, output, part, draws or 1, limit, seed, force)
        return
    if blame_below is not None and not blame:
        raise ConfigurationError("--blame-below goes with --blame.")
    below = BLAME_BELOW if blame_below is None else blame_below
    if not 0 <= below <= 1:
        raise ConfigurationError(f"--blame-below is a rarity from 0 to 1, not {below:g}.")
    accuse = _Accuser(below) if blame else None
    spread_by = _Spreader(spread) if spread is not None else None

    told = _Units()

    def columns(fitted: TableModel, batch: Batch) -> Columns:
        values, context = _inputs(fitted, batch, fitted.columns, told)
        log_prob = fitted.log_prob(values, context)
        carried = {name: batch.data.column(name) for name in batch.data.schema.names}
        typed = fitted.schema is not None  # its cells stay as they stand
        numbers = {} if typed else _named(fitted.columns, values) | _named(fitted.context, context)
        rarity = fitted.rarity(log_prob)
        scores = dict(zip(ADDED, (log_prob.astype(fitted.precision), rarity), strict=True))
        accused = accuse(fitted, values, context, log_prob, rarity) if accuse else {}
        spreads = spread_by(fitted, values) if spread_by else {}
        return carried | numbers | scores | spreads | accused

    refused = ADDED + (BLAMED if blame else ()) + ((SPREAD,) if spread_by else ())
    _stream(model, data, needed(output), force, columns, refused, excel_safe)


class _Units:
    """Says once what log_prob is in, and once which cell is the first outside the schema."""

    def __init__(self) -> None:
        self.begun = self.warned = False

    def __call__(self, fitted: TableModel, coded: Coded) -> None:
        if not self.begun:
            say.note(units(fitted))
            self.begun = True
        sentence = None if self.warned else coded.first_outside()
        if sentence is not None:
            say.note(f"{sentence} Its log_prob is -inf, as is that of others outside the schema.")
            self.warned = True


class _Spreader:
    """How much further orders of the columns, the same for all batches, disagree on a row."""

    def __init__(self, further: int) -> None:
        self.further = further
        self.orders: list[list[int]] | None = None

    def __call__(self, fitted: TableModel, values: np.ndarray) -> Columns:
        """The column spread, nats."""
        from pushforward.conditions import any_order
        from pushforward.density.spread import random_orders, spread

        layer = any_order(fitted.flow)
        if self.orders is None:
            own = [int(j) for j in layer.order]
            self.orders = [own, *random_orders(len(own), self.further)]
        x, _ = fitted.tensors(values)
        return {SPREAD: spread(layer, x, self.orders).numpy().astype(fitted.precision)}


class _Accuser:
    """Names the column to blame in each rare row; its samples are drawn once for all batches."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.blamer: Blamer | None = None

    def __call__(
        self,
        fitted: TableModel,
        values: np.ndarray,
        context: np.ndarray | None,
        log_prob: np.ndarray,
        rarity: np.ndarray,
    ) -> Columns:
        """The columns blame and blame_nats, null where a row is common or nothing costs it."""
        import numpy as np
        import pyarrow as pa

        from pushforward.diagnostics.blame import Blamer

        self.blamer = self.blamer or Blamer(fitted.flow)
        rare = np.flatnonzero(rarity <= self.limit)
        x, given = fitted.tensors(values[rare], None if context is None else context[rare])
        rises = self.blamer.rises(x, given, log_prob[rare])
        names, nats = np.full(len(values), None), np.full(len(values), np.nan)
        if len(rare):
            most = rises.argmax(1)
            names[rare] = np.array(fitted.columns, dtype=object)[most]
            nats[rare] = rises[np.arange(len(rare)), most]
        nobody = ~(nats > 0)
        kind = getattr(pa, fitted.precision)()
        accused = (
            pa.array(names, pa.string(), mask=nobody),
            pa.array(nats.astype(fitted.precision), kind, mask=nobody),
        )
        return dict(zip(BLAMED, accused, strict=True))


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
    excel_safe: ExcelSafe = False,
) -> None:
    """Write the rows whose latents are in LATENTS: what `encode` wrote comes back."""

    def columns(fitted: TableModel, batch: Batch) -> Columns:
        latents, context = _inputs(fitted, batch, latent_names(fitted))
        return fitted.named(fitted.decode(latents, context)) | _named(fitted.context, context)

    _stream(model, data, output, force, columns, excel_safe=excel_safe)


def units(fitted: TableModel) -> str:
    """What a model's log_prob is: a density, a probability, or both, and in what units."""
    assert fitted.schema is not None
    from pushforward.tables.typed import densities, unit_of

    dense = densities(fitted.schema)
    real = [unit_of(c) for c, density in zip(fitted.schema.modelled, dense, strict=True) if density]
    if not real:
        return "log_prob is in nats: the log of the row's probability."
    listed = ", ".join(real[:MOST_NAMED])
    more = f" and {len(real) - MOST_NAMED} more" if len(real) > MOST_NAMED else ""
    rest = "" if all(dense) else ", and the log of a probability in the others"
    met = " (on a bound that can be met, the log of a probability)" if _closed(fitted) else ""
    return f"log_prob is in nats: a log density, per unit of {listed}{more}{met}{rest}."


def _closed(fitted: TableModel) -> bool:
    """Whether any number has a bound that can be met, so that its law is mixed."""
    assert fitted.schema is not None
    return any(column.spec().get("closed") for column in fitted.schema.modelled)


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
    fitted: TableModel,
    batch: Batch,
    names: list[str],
    told: Callable[[TableModel, Coded], None] = lambda _fitted, coded: coded.refuse_outside(),
) -> tuple[np.ndarray, np.ndarray | None]:
    """The numbers of the named columns, and of the context; `told` of cells outside a schema."""
    if fitted.schema is not None and names == fitted.columns:
        coded = fitted.coded(batch.data, batch.source, batch.start, batch.header)
        told(fitted, coded)
        return coded.scored, None
    context = batch.numeric(fitted.context) if fitted.context else None
    return batch.numeric(names), context


def _stream(
    model: Model,
    data: str,
    output: str,
    force: bool,
    columns: Callable[[TableModel, Batch], Columns],
    refused: tuple[str, ...] = (),
    excel_safe: bool = False,
) -> None:
    """Read DATA in batches, compute `columns` of each, and write them; memory stays flat."""
    refuse_output(output, force)
    from pushforward.tables import open_table, writing
    from pushforward.tables.model import load_table_model
    from pushforward.tables.overlap import ahead, behind

    fitted = load_table_model(model)
    reader = open_table(locate(data)).naming(fitted.names)
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

    with writing(output, force, excel_safe) as writer:
        behind(blocks(), writer.write)
