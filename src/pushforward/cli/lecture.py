"""`pushforward lecture`: the lecture on normalizing flows, drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say

if TYPE_CHECKING:
    from pushforward.lecture import Row


def lecture(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to draw into.")
    ] = Path("lecture"),
    row: Annotated[
        list[int] | None, typer.Option("--row", help="Only this row; may be repeated.")
    ] = None,
) -> None:
    """Draw every row of the lecture, and bind them into DIR/lecture.html."""
    from pushforward.lecture import ROWS, chosen, draw

    rows = chosen(row)
    seconds = sum(r.seconds for r in rows)
    if seconds > 60:
        say.note(f"{len(rows)} rows; it takes about {seconds / 60:.0f} min on two cores.")
    with progress(rows) as told:
        measured = draw(output, row, told)
    figures = [
        (n, number.what, number.shown, number.shown_known)
        for n, numbers in measured.items()
        for number in numbers
    ]
    say.table(("row", "what", "measured", "known"), figures)
    say.note(f"{len(rows)} of {len(ROWS)} rows are in {output / 'lecture.html'}.")


@contextmanager
def progress(rows: list[Row]) -> Iterator[Callable[[Row], None]]:
    """A bar with the time left, on a terminal; each row counts for the seconds that it takes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        left = [f"{row.number}. {row.title}" for row in rows]
        total = sum(row.seconds for row in rows)
        task = bar.add_task(left[0], total=total)

        def told(done: Row) -> None:
            left.pop(0)
            bar.update(task, advance=done.seconds, description=left[0] if left else "done")

        yield told
