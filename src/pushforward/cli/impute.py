"""`pushforward impute`: missing cells drawn from a model, given the cells that are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import (
    Data,
    ExcelSafe,
    Force,
    Model,
    Output,
    Seed,
    locate,
    refuse_output,
)
from pushforward.errors import DataError
from pushforward.text import visible

if TYPE_CHECKING:
    import pyarrow as pa


def impute(
    model: Model,
    data: Data,
    output: Output,
    draws: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="M",
            help="How often each row is drawn; above 1, a column draw counts from 1 to M.",
        ),
    ] = 1,
    seed: Seed = 0,
    excel_safe: ExcelSafe = False,
    force: Force = False,
) -> None:
    """Fill the missing cells of DATA, each drawn given the cells of its row that are there.

    The draws are exact draws of the model: several of them show how sure it is. Everything else is
    written as it stands, columns that the model leaves out too, with their gaps; but a column that
    was one constant in the fit gets it, and no other value may stand there.
    """
    refuse_output(output, force)
    from pushforward.tables import open_table, writing
    from pushforward.tables.impute import DRAW, Imputer
    from pushforward.tables.model import load_table_model
    from pushforward.tables.overlap import ahead, behind
    from pushforward.tables.reader import ROWS

    imputer = Imputer(load_table_model(model), draws, seed)
    reader = open_table(locate(data)).naming(imputer.model.names)
    for text in reader.notes:
        say.note(text)
    if draws > 1 and DRAW in reader.names:
        raise DataError(
            f"{visible(reader.source)} has a column {DRAW!r} already, as --draws would add; rename "
            "it."
        )

    def blocks() -> Iterator[dict[str, pa.Array]]:
        for batch in ahead(reader.batches(max(1, ROWS // draws))):
            yield imputer(batch)

    with writing(output, force, excel_safe) as writer:
        behind(blocks(), writer.write)
    cells = f"{imputer.cells} cell{'' if imputer.cells == 1 else 's'}"
    rows = f"{imputer.rows} row{'' if imputer.rows == 1 else 's'}"
    times = f", {draws} times each" if draws > 1 and imputer.cells else ""
    say.note(f"{cells} filled in {rows}{times}.")
