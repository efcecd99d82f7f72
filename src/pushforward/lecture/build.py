"""Drawing the lecture: a figure a row, and all rows bound into one page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pushforward.errors import ConfigurationError, DataError
from pushforward.files import naming, write_bytes, write_text
from pushforward.lecture.row import Number, Result, Row
from pushforward.lecture.rows import ROWS
from pushforward.pages.page import figure, listing, page, section, table
from pushforward.pages.theme import Form, embedded, formula, render
from pushforward.pages.words import Html, joined, paragraph, text

WIDE = 6.0  # inches: a figure beyond that scrolls on a telephone instead of shrinking


def chosen(numbers: Sequence[int] | None) -> list[Row]:
    """The rows of those numbers, each once and in the lecture's order; all where None.

    Raises:
        ConfigurationError: a row that the lecture does not have.

    Example:
        >>> [row.number for row in chosen([13, 12, 13])]
        [12, 13]
    """
    known = {row.number: row for row in ROWS}
    for n in numbers or ():
        if n not in known:
            listed = ", ".join(map(str, known))
            raise ConfigurationError(f"The lecture has no row {n}; its rows are {listed}.")
    return [row for n, row in known.items() if not numbers or n in numbers]


def draw(
    folder: str | Path,
    numbers: Sequence[int] | None = None,
    told: Callable[[Row], None] | None = None,
) -> dict[int, list[Number]]:
    """Draw rows into `folder`: row-NN.svg, row-NN.png, and `lecture.html`, which needs neither.

    Args:
        folder: made where it is missing; files of the same names are replaced.
        numbers: rows to draw, all where None.
        told: called as each row is done.

    Returns:
        What each row measured, beside what is known.

    Raises:
        ConfigurationError: a row that does not exist.
        DataError: the folder cannot be written.
    """
    rows = chosen(numbers)
    folder = made(Path(folder))
    measured: dict[int, list[Number]] = {}
    sections: list[Html] = []
    for row in rows:
        measured[row.number], chapter = _chapter(folder, row)
        sections.append(chapter)
        if told is not None:
            told(row)
    write_text(
        folder / "lecture.html", page("Normalizing flows: the lecture", _bound(rows, sections))
    )
    return measured


def made(folder: Path) -> Path:
    """The folder, there to be written into: a long drawing should not end in a refusal.

    Raises:
        DataError: it cannot be made or written.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; give the name of a folder.")
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder} cannot be written: it is not yours to write into.")
    return folder


def _chapter(folder: Path, row: Row) -> tuple[list[Number], Html]:
    """Run a row, write its figures, and make its part of the page."""
    import torch

    result = row.run()
    with torch.no_grad():
        numbers = list(row.numbers(result))
        uri = _figure(folder, row, result)
    return numbers, _section(row, uri, numbers, row.says(result))


def _figure(folder: Path, row: Row, result: Result) -> str:
    """Write both files of a row's figure; gives the one for the page as a data URI."""
    pictures: dict[Form, bytes] = {}
    forms: tuple[Form, Form] = ("svg", "png")
    for form in forms:
        data = render(lambda sheet: row.draw(sheet, result), *row.size, form, True)
        pictures[form] = data
        write_bytes(folder / f"row-{row.number:02d}.{form}", data)
    return embedded(pictures[row.form], row.form)


def _section(row: Row, uri: str, numbers: list[Number], said: Sequence[str]) -> Html:
    image = Html(f'<img class="formula" src="{formula(row.formula)}" alt="{text(row.formula)}">')
    shape = "broad" if row.size[0] > WIDE else "narrow"
    parts = [
        paragraph(text(row.claim)),
        image,
        Html(f'<div class="{shape}">{figure(uri, row.alt, text(row.caption))}</div>'),
        listing(row.listing),
    ]
    parts += [Html(f"<blockquote>{text(sentence)}</blockquote>") for sentence in said]
    if numbers:
        parts.append(_table(numbers))
    if row.more:
        parts.append(paragraph(text(row.more)))
    return Html(f'<div id="row-{row.number}">{section(f"{row.number}. {row.title}", *parts)}</div>')


def _table(numbers: list[Number]) -> Html:
    """The numbers, with a column for the known ones where there are any."""
    some_known = any(n.known is not None for n in numbers)
    rows = []
    for n in numbers:
        cells = [n.what, n.shown, *([n.shown_known] if some_known else [])]
        rows.append(Html("<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>"))
    return table(["", "measured", *(["known"] if some_known else [])], joined(rows))


def _bound(rows: list[Row], sections: list[Html]) -> list[Html]:
    items = "".join(
        f'<li value="{r.number}"><a href="#row-{r.number}">{text(r.title)}</a></li>' for r in rows
    )
    opening = paragraph(
        "A normalizing flow makes a complex distribution from a simple one by a map that can be "
        "undone. Each chapter states a claim of the lecture, shows it, gives the lines of Python "
        "that made the figure, and puts the measured number beside the known one."
    )
    key = Html(
        '<ul class="key"><li><i class="latent"></i>z, the simple side</li>'
        '<li><i class="sampled"></i>x = f(z), the complex side</li>'
        '<li><i class="real"></i>real data</li>'
        '<li><i class="density"></i>density</li><li><i class="map"></i>the map f</li></ul>'
    )
    before = paragraph(
        "Every listing runs by itself after <code>import torch, math, pushforward as pf</code>."
    )
    nav = Html(f'<nav aria-label="Chapters"><ol>{items}</ol></nav>') if len(rows) > 1 else Html("")
    return [opening, key, before, nav, *sections]
