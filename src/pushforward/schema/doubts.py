"""Cells that may be something else: codes, dates, numbers, or a way to say missing."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.date_format import SHAPE as DATE_SHAPE
from pushforward.schema.remarks import Remarks
from pushforward.schema.tally import Tally
from pushforward.text import excerpt

LIKE, MOST = 3, 0.5  # so many texts that look alike, in such a share of the rows, mean something
_LOOKS = (
    ("dates", DATE_SHAPE),
    ("times of the day", r"^\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?$"),
    ("numbers", r"^\(?[+-]?\s*[$€£¥]?\s*[+-]?([1-9][\d.,']*|0|0[.,]\d+)\s*[$€£¥%]?\)?$"),
)
CODES = 10  # so few different integers may be codes
SENTINELS = (-99999, -9999, -999, -99, 999, 9999, 99999, 999999)


def names_a_row(name: str) -> bool:
    """Does a column's name say that it identifies something?

    Example:
        >>> names_a_row("customerId"), names_a_row("source_id"), names_a_row("humidity")
        (True, True, False)
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(
        word.lower() in {"id", "ids", "uid", "uuid", "guid", "key", "index"} for word in words
    )


def ask_of_text(tally: Tally, remarks: Remarks) -> None:
    """Ask about texts of which most look like dates, times or numbers, though not all can be."""
    cells, counts = tally.cells, tally.counts
    if not tally.text or len(cells) < LIKE:
        return
    for noun, shape in _LOOKS:
        alike = pc.match_substring_regex(cells, pattern=shape).to_numpy(zero_copy_only=False)
        least = CODES if noun == "numbers" else LIKE
        if alike.sum() < least or counts[alike].sum() < MOST * counts.sum():
            continue
        if noun == "numbers" and _begin_with_zero(cells.filter(pa.array(~alike))):
            other = excerpt(cells[int(np.flatnonzero(~alike)[0])].as_py())
            what = f"some with zeros in front, such as {other}, as codes have"
        elif not alike.all():
            other = excerpt(cells[int(np.flatnonzero(~alike)[0])].as_py())
            what = f"but also {other}; mend it, or add it to na if it says missing"
        else:
            what = (
                f"but no one way to read them fits all of them, such as {_pair(cells)}; mend them"
            )
        remarks.ask(tally.name, f"holds what looks like {noun}, {what}: it is taken as text.")
        return


def _begin_with_zero(cells: pa.Array) -> bool:
    """Are there any cells, and all of them digits that begin with 0?"""
    zeros = pc.match_substring_regex(cells, pattern=r"^0\d+$")
    return len(cells) > 0 and bool(pc.all(zeros).as_py())


def _pair(cells: pa.Array) -> str:
    return f"{excerpt(pc.min(cells).as_py())} and {excerpt(pc.max(cells).as_py())}"


def ask_of_values(
    tally: Tally, values: np.ndarray, counts: np.ndarray, step: float | None, remarks: Remarks
) -> None:
    whole = step == 1 and not tally.many
    if whole and (len(values) <= CODES or names_a_row(tally.name)):
        remarks.ask(
            tally.name,
            f"holds {len(values)} different integers: they are taken as numbers; if they are "
            "codes, make it a category and list them as levels.",
        )
    if whole and values[0] >= 19000101 and values[-1] <= 21001231:
        month, day = values // 100 % 100, values % 100
        if ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
            remarks.ask(
                tally.name, "looks like dates written as 20241231, and is taken as integer."
            )
    if len(values) < 3:
        return
    for value, end, near in ((values[0], 0, 1), (values[-1], -1, -2)):
        rest = np.delete(values, end)
        far = abs(value - values[near]) > (rest.max() - rest.min())
        if value in SENTINELS and counts[end] > 1 and far:
            remarks.ask(
                tally.name,
                f"holds {value:g} in {counts[end]:.0f} rows, far from all others: if it says "
                "missing, add it to na.",
            )
