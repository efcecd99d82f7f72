"""How a CSV file is written: its delimiter, its decimal mark, and whether it has a header.

Told from the first rows alone, so that a file of any size is sniffed in an instant and read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from pushforward.tables.rows import records

DELIMITERS = "\t;|,"  # the comma last: beside another delimiter it is the decimal mark
HEAD = 1 << 20  # characters to look at
ENOUGH = 1 << 26  # … or up to this many, where a line is longer than the head
SAMPLE = 1000  # rows to look at

NUMBERS = {
    mark: re.compile(rf"[+-]?(\d+{re.escape(mark)}?\d*|{re.escape(mark)}\d+)([eE][+-]?\d+)?", re.A)
    for mark in ".,"
}
_MISSING = {"", "nan", "na", "n/a", "null", "none"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    decimal: str = "."
    header: bool = True


def sniff(blocks: Iterable[str]) -> tuple[Dialect, list[str]]:
    r"""The dialect of a text, and the cells of its first row.

    Example:
        >>> sniff(["a;b\n1,5;2\n"])
        (Dialect(delimiter=';', decimal=',', header=True), ['a', 'b'])
    """
    text, whole = _head(blocks)
    samples = {delimiter: _sample(text, whole, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: _agreement(samples[delimiter]))
    delimiter = best if _agreement(samples[best]) else ","
    first, *rest = samples[delimiter] or [[]]
    decimal = "," if delimiter != "," and _decimal_commas([first, *rest]) else "."
    return Dialect(delimiter, decimal, not _is_data(first, rest)), first


def _head(blocks: Iterable[str]) -> tuple[str, bool]:
    """The beginning of a text, two lines at least, and whether that is all of it."""
    text = ""
    for block in blocks:
        text += block
        if len(text) >= ENOUGH or (len(text) >= HEAD and text.count("\n") > 1):
            return text, False
    return text, True


def _sample(text: str, whole: bool, delimiter: str) -> list[list[str]]:
    """The first rows that are not empty, without one that the head may have cut."""
    rows = list(islice((row for row in records(text, delimiter) if row != [""]), SAMPLE))
    return rows if whole or len(rows) == SAMPLE else rows[:-1] or rows


def _agreement(rows: Sequence[Sequence[str]]) -> float:
    """The share of rows with as many cells as the first; 0 where that is a single cell."""
    if not rows or len(rows[0]) == 1:
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


def _decimal_commas(rows: Iterable[Sequence[str]]) -> bool:
    """Is there a number with a comma, and none with a point?"""
    cells = {cell.strip() for row in rows for cell in row}
    return any("," in cell and NUMBERS[","].fullmatch(cell) for cell in cells) and not any(
        "." in cell and NUMBERS["."].fullmatch(cell) for cell in cells
    )


def _is_number(cell: str) -> bool:
    return any(number.fullmatch(cell) for number in NUMBERS.values())


def _is_data(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Is the first row one of numbers, so that the header is missing?

    pandas calls the columns of a table without names 0, 1, 2, …, after an empty cell for its index.
    That is a header where the empty cell is there, or the rows below hold more than digits.
    """
    cells = [cell.strip() for cell in first]
    if not any(_is_number(cell) for cell in cells):
        return False
    if not all(_is_number(cell) or cell.lower() in _MISSING for cell in cells):
        return False
    indexed = cells[0] == ""
    counting = cells[indexed:] == [str(k) for k in range(len(cells) - indexed)]
    below = (cell.strip() for row in rest for cell in row)
    return not (counting and (indexed or any(not cell.isdigit() for cell in below)))
