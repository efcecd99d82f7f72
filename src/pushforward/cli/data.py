"""`pushforward data`: real data by name."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Force, Seed, refuse_output

app = typer.Typer(help="Real data sets by name.", rich_markup_mode=None)


@app.command("list")
def show() -> None:
    """List the data sets: name, size, licence, and what each is."""
    from pushforward.datasets import catalogue

    say.table(
        ("name", "rows", "columns", "licence", "what it is"),
        [
            (d.name, d.rows, len(d.columns), d.licence, re.split(r"[:;.]\s", d.summary)[0])
            for d in catalogue().values()
        ],
    )


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `data list`.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="NAME.parquet if left out."),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="So many rows, drawn at random; all if left out.")
    ] = None,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Fetch a data set (once: it is cached and its SHA-256 checked) and write it to a file."""
    target = output or f"{name}.parquet"
    refuse_output(target, force)
    from pushforward.datasets import find, load
    from pushforward.tables import writing

    dataset = find(name)
    table = load(name, rows, seed)
    with writing(target, force) as writer:
        writer.write({column: table.column(column) for column in table.column_names})
    say.note(f"{name}: {table.num_rows} rows in {target}.")
    say.note(f"Source: {dataset.source}. Licence: {dataset.licence}.")
