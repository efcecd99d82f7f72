"""What is kept of a column while its batches pass: counts of cells, and the readings that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.date_format import date_patterns
from pushforward.schema.dates import read_dates
from pushforward.schema.dtypes import is_date, is_number
from pushforward.schema.facts import DateFacts, NumberFacts, floats, moments
from pushforward.schema.na import is_text, present
from pushforward.schema.numbers import number_patterns, read_numbers, write_numbers
from pushforward.schema.pattern import GENERAL, Pattern

MOST_LEVELS = 100_000  # different cells that are kept; beyond, the first of them stand for all
_DIGITS = r"^[+-]?([1-9]\d*|0)$"  # fits any way to write numbers


class Tally:
    """One column while it is read, in bounded memory.

    Attributes:
        name, kind: the column's name and Arrow type.
        rows, missing: how many cells there were, and how many of them are missing.
        cells, counts: the different cells that are not missing, and how often each came.
        many: whether there were more different cells than are kept.
        numbers: facts and pattern of the numbers that the cells are, or None.
        dates: the formats in which every cell is a date, with the facts of each; "" where typed.

    Example:
        >>> tally = Tally("n", pa.string(), na=["NA"], decimal=".")
        >>> tally.add(pa.array(["1", "2", "NA", "2"]))
        >>> tally.missing, tally.cells.to_pylist(), tally.counts.tolist(), tally.numbers.high
        (1, ['1', '2'], [1, 2], 2.0)
    """

    def __init__(self, name: str, kind: pa.DataType, na: Sequence[str], decimal: str) -> None:
        self.name, self.kind, self.na, self.decimal = name, kind, na, decimal
        value = kind.value_type if pa.types.is_dictionary(kind) else kind
        self.value = pa.string() if is_text(value) else value
        self.text = is_text(value)
        self.rows = self.missing = 0
        self.cells = pa.array([], self.value)
        self.counts = np.zeros(0, dtype=np.int64)
        self.many = False
        self.numbers = NumberFacts() if self.text or is_number(value) else None
        self.patterns: list[Pattern] = []
        self.dates: dict[str, DateFacts] = {"": DateFacts()} if is_date(value) else {}
        self.levels: pa.Array | None = None  # of a dictionary with an order

    def add(self, cells: pa.Array) -> None:
        """Take in the cells (n) of one batch."""
        self.rows += len(cells)
        if pa.types.is_dictionary(cells.type) and cells.type.ordered:
            self.levels = cells.dictionary
        counted = pc.value_counts(
            cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells
        )
        raw, counts = counted.field("values"), counted.field("counts").to_numpy()
        here = present(raw, self.na)
        valid = here.is_valid().to_numpy(zero_copy_only=False)
        self.missing += int(counts[~valid].sum())
        fresh, counts = here.drop_null(), counts[valid]
        fresh = fresh.cast(self.value) if fresh.type != self.value else fresh
        in_order = len(fresh) == len(cells)
        self._read(fresh, in_order)
        if not self.many:
            self._keep(fresh, counts)

    def _keep(self, fresh: pa.Array, counts: np.ndarray) -> None:
        """Join the new cells to those that are kept."""
        joined = pa.concat_arrays([self.cells, fresh])
        number = np.concatenate([self.counts, counts])
        coded = joined.dictionary_encode()
        self.cells = coded.dictionary
        which = coded.indices.to_numpy(zero_copy_only=False)
        self.counts = np.bincount(which, number, len(self.cells)).astype(np.int64)
        self.many = len(self.cells) > MOST_LEVELS

    def _read(self, fresh: pa.Array, in_order: bool) -> None:
        if not len(fresh):
            if self.numbers is not None and not in_order:
                self.numbers.counting = False
        elif not self.text:
            self._read_typed(fresh, in_order)
        else:
            first = not len(self.cells)
            self._read_numbers(fresh, in_order)
            if self.numbers is None:  # no text is both
                self._read_dates(fresh, first)

    def _read_typed(self, fresh: pa.Array, in_order: bool) -> None:
        if self.numbers is not None:
            self.numbers.add(floats(fresh), in_order)
        for facts in self.dates.values():
            facts.add(moments(fresh))

    def _read_numbers(self, fresh: pa.Array, in_order: bool) -> None:
        if self.numbers is None:
            return
        known = self.patterns
        if pc.all(pc.match_substring_regex(fresh, pattern=_DIGITS)).as_py():
            found = [replace(pattern, least=0) for pattern in known or [Pattern()]]
        else:  # in the way of earlier cells, with its decimals widened, if that fits the new ones
            union = fresh if not known else pa.concat_arrays([fresh, _witnesses(known)])
            found = number_patterns(union, self.decimal)
        if not found:
            self.numbers = None
            return
        if known and found[0].decimal != known[0].decimal and not self._again(found[0]):
            self.numbers = None
            return
        self.patterns = found
        values, wrong = read_numbers(fresh, found[0])
        if wrong.any():
            self.numbers = None
            return
        self.numbers.add(values, in_order)

    def _again(self, pattern: Pattern) -> bool:
        """Read the cells so far in another way; False where they cannot be."""
        values, wrong = read_numbers(self.cells, pattern)
        self.numbers = NumberFacts()
        self.numbers.add(values[~wrong], in_order=False)
        return not (wrong.any() or self.many)

    def _read_dates(self, fresh: pa.Array, first: bool) -> None:
        if first:
            self._restart_dates(fresh)
            return
        for form, facts in list(self.dates.items()):
            values, wrong = read_dates(fresh, form)
            if wrong.any():  # another zone, or no date at all
                self._restart_dates(pa.concat_arrays([self.cells, fresh]))
                return
            facts.add(values)

    def _restart_dates(self, cells: pa.Array) -> None:
        self.dates = {}
        for form in [] if self.many else date_patterns(cells):
            self.dates[form] = DateFacts()
            self.dates[form].add(read_dates(cells, form)[0])


def _witnesses(patterns: list[Pattern]) -> pa.Array:
    """Cells that show what earlier cells have shown, and leave open what they left open."""
    pattern = patterns[0]
    if pattern.most >= GENERAL:
        whole = f"1{pattern.thousands}234{pattern.thousands}567"
        cells = [f"{pattern.prefix}{cell}{pattern.suffix}" for cell in ("1e-9", whole)]
        return pa.array([*cells, *([f"({cells[0]})"] if pattern.brackets else [])])
    value = 1234567.0 if len(patterns) == 1 else 1234.0 if pattern.thousands else 1.0
    decimals = (replace(pattern, most=pattern.least), replace(pattern, least=pattern.most))
    texts = [write_numbers(np.array([value]), way) for way in decimals]
    if pattern.brackets:
        texts.append(write_numbers(np.array([-value]), pattern))
    return pa.concat_arrays(texts)
