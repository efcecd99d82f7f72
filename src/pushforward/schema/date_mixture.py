"""Dates that are written in several ways in one column."""

from __future__ import annotations

from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.date_format import date_patterns, split_dates

MOST_WAYS = 4  # beyond, it is no column of dates


def mixed_patterns(cells: pa.Array) -> list[str]:
    """The formats, with bars between them, that together read all of some cells as dates.

    Cells are parted by how they look: years first or last, marks, names of months, times or none.
    Those with a time of the day come first, then what most look like: so dates go back.

    Args:
        cells: text (n), their different spellings; null where a cell is missing.

    Returns:
        None where some cell is no date, or cells of one time zone stand beside others;
        several where day and month could be either.

    Example:
        >>> mixed_patterns(pa.array(["2024-01-31", "2024-02-01", "31/01/2024"]))
        ['%Y-%m-%d|%d/%m/%Y']
        >>> mixed_patterns(pa.array(["2024-01-31", "31/01/2024", "01/31/2024"]))
        []
    """
    cells = cells.drop_null()
    parts = split_dates(cells)
    if not len(cells) or parts["date"].null_count:
        return []
    if len(pc.unique(parts["zone"])) > 1:  # what is written goes back with one zone
        return []
    looks = _looks(cells).dictionary_encode()
    if len(looks.dictionary) > MOST_WAYS:
        return []
    groups = [cells.filter(pc.equal(looks.indices, k)) for k in range(len(looks.dictionary))]
    groups.sort(key=len, reverse=True)
    choices = product(*(date_patterns(group) for group in groups))
    return ["|".join(sorted(dict.fromkeys(choice), key=_coarseness)) for choice in choices]


def _coarseness(form: str) -> int:
    """Least where a format writes everything: fractions, seconds, minutes."""
    return sum(mark not in form for mark in ("f", "%S", "%M"))


def _looks(cells: pa.Array) -> pa.Array:
    """Cells with their digits and words left out of account."""
    for pattern, mark in ((r"\d{4}", "Y"), (r"\d{1,2}", "9"), (r"[a-z]{3,9}\.?", "b")):
        cells = pc.replace_substring_regex(cells, pattern=pattern, replacement=mark)
        cells = pc.utf8_lower(cells) if mark == "9" else cells
    return pc.replace_substring_regex(cells, pattern=r"\.9+(z|[+-]|$)", replacement=r".9\1")
