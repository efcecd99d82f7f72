"""From what was seen of a column to what it is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.choose_numbers import choose_number
from pushforward.schema.clock import clock_format, read_times
from pushforward.schema.column import Column
from pushforward.schema.contradictions import holds
from pushforward.schema.date_format import date_patterns, ways
from pushforward.schema.date_mixture import mixed_patterns
from pushforward.schema.dates import iso, read_dates
from pushforward.schema.doubts import ask_of_text
from pushforward.schema.dtypes import inner_type, named_type, type_name
from pushforward.schema.facts import TICKS, DateFacts
from pushforward.schema.grid import MOST_CELLS
from pushforward.schema.na import present
from pushforward.schema.remarks import Remarks
from pushforward.schema.tally import MOST_LEVELS, Tally
from pushforward.text import excerpt

USUAL_LEVELS = 5_000  # beyond, a category is worth a word
UNIQUE, ENOUGH = 0.95, 50  # a share of different cells, of more rows than that, names the row
BOOLEANS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"))


def choose(tally: Tally, plain: bool, remarks: Remarks) -> Column:
    """The column that a tally shows.

    Args:
        tally: after the whole table has passed.
        plain: whether the cells are text because they stand in a CSV, so that numbers among them
            go back as numbers.
        remarks: takes what was assumed and what is to be asked.

    Raises:
        DataError: a number beyond ±1e30.

    Example:
        >>> tally = Tally("cut", pa.string(), na=[""], decimal=".")
        >>> tally.add(pa.array(["Good", "Fair", "Good", ""]))
        >>> column = choose(tally, True, Remarks())
        >>> column.kind, column.levels, column.missing
        ('category', ['Fair', 'Good'], True)
    """
    shared: dict[str, Any] = {
        "name": tally.name,
        "dtype": type_name(tally.kind),
        "missing": tally.missing > 0,
    }
    different = len(tally.cells)
    if different == 0:
        return Column(kind="empty", **shared)
    if different == 1 and not tally.missing:
        return _constant(tally, plain, shared)
    if pa.types.is_boolean(tally.value):
        return Column(kind="boolean", levels=["false", "true"], **shared)
    if tally.levels is not None:
        levels = pc.unique(present(pc.cast(tally.levels, pa.string()), tally.na).drop_null())
        levels = levels.to_pylist()
        return Column(kind="ordered", levels=levels, **shared)
    if pa.types.is_dictionary(tally.kind):  # what a program calls a category
        return _text(tally, shared, remarks)
    dates = date_readings(tally)
    if dates and different > 1:
        return _date(tally, dates, shared, remarks)
    if tally.numbers is not None and different > 1:
        return choose_number(tally, plain, shared, remarks)
    if tally.text and not tally.many and different > 1:
        form = clock_format(tally.cells)
        if form is not None:
            return _time(tally, form, shared, remarks)
    return _text(tally, shared, remarks)


def _constant(tally: Tally, plain: bool, shared: dict[str, Any]) -> Column:
    value = str(pc.cast(tally.cells, pa.string())[0].as_py())
    if tally.text and plain and tally.patterns and str(tally.patterns[0]).startswith("0"):
        pattern = tally.patterns[0]
        if pattern.decimal == "." and not (pattern.suffix or pattern.thousands):
            shared["dtype"] = "float64" if pattern.most else "int64"
    if not holds(
        value, inner_type(named_type(shared["dtype"]))
    ):  # more digits than its numbers have
        shared["dtype"] = "string"
    return Column(kind="constant", value=value, **shared)


def date_readings(tally: Tally) -> dict[str, DateFacts]:
    """The formats in which all kept cells are dates, with the facts of each; none for no dates.

    A later batch may have shown a fraction, a bare day or another zone.
    """
    if not tally.text or tally.numbers is not None or tally.many:
        return tally.dates
    forms = date_patterns(tally.cells) or mixed_patterns(tally.cells)
    found = {form: DateFacts() for form in forms}
    for form, facts in found.items():
        facts.add(read_dates(tally.cells, form)[0])
    return found


def _date(
    tally: Tally, dates: dict[str, DateFacts], shared: dict[str, Any], remarks: Remarks
) -> Column:
    form, *others = dates
    others = [other for other in others if other.replace("%B", "%b") != form]  # as in May
    facts = dates[form]
    step = float(facts.steps[0]) if facts.steps else 1e-6
    if form:
        back = f": they go back as {ways(form)[0]}" if len(ways(form)) > 1 else ""
        remarks.note(tally.name, f"holds dates written as {' and '.join(ways(form))}{back}.")
        shared["format"] = form
    if "%z" in form:
        remarks.note(tally.name, "holds several time zones: dates go back in UTC.")
    if others:
        remarks.ask(
            tally.name,
            f"could be {form} or {others[0]}: the former is assumed; write the latter as its "
            "format if it is not so.",
        )
    fine = (facts.high - facts.low) / 1e6 / step >= MOST_CELLS
    return Column(kind="datetime", step=step, origin=iso(facts.low), fine=fine, **shared)


def _time(tally: Tally, form: str, shared: dict[str, Any], remarks: Remarks) -> Column:
    seconds, _ = read_times(tally.cells)
    step = next(tick for tick in TICKS[1:] if not (seconds % tick).any())
    remarks.note(tally.name, f"holds times of the day written as {form}.")
    return Column(kind="time", step=float(step), format=form, **shared)


def _text(tally: Tally, shared: dict[str, Any], remarks: Remarks) -> Column:
    levels = sorted(pc.cast(tally.cells, pa.string()).to_pylist())
    rows = int(tally.counts.sum())
    if spelled := _yes_and_no(tally, remarks):
        return Column(kind="boolean", levels=spelled, **shared)
    ask_of_text(tally, remarks)
    if tally.many:
        why = f"has more than {MOST_LEVELS:,} different texts"
        return Column(kind="identifier", why=why, **shared)
    if rows > ENOUGH and len(levels) > UNIQUE * rows:
        return Column(kind="identifier", why="is different in nearly every row", **shared)
    if len(levels) > USUAL_LEVELS:
        remarks.note(tally.name, f"is a category of {len(levels):,} levels, which is many.")
    _ask_of_levels(tally, levels, remarks)
    return Column(kind="category", levels=levels, **shared)


def _yes_and_no(tally: Tally, remarks: Remarks) -> list[str] | None:
    """How no and yes are spelled most often; None where the cells say something else."""
    cells = pc.cast(tally.cells, pa.string()).to_pylist()
    often = sorted(
        zip(cells, tally.counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])
    )
    spelled: dict[str, list[str]] = {}
    for cell, _ in often:
        spelled.setdefault(cell.lower(), []).append(cell)
    words = tuple(sorted(spelled))
    if words not in BOOLEANS:
        return None
    for first, *others in (spelled[word] for word in words):
        if others:
            remarks.ask(
                tally.name,
                f"holds {excerpt(first)} and {excerpt(others[0])}: they are taken as one, and go "
                f"back as {excerpt(first)}; make it a category of all its levels if they are not.",
            )
    return [spelled[word][0] for word in words]


def _ask_of_levels(tally: Tally, levels: list[str], remarks: Remarks) -> None:
    seen: dict[str, str] = {}
    for level in levels:
        twin = seen.setdefault(level.casefold(), level)
        if twin != level:
            remarks.ask(
                tally.name,
                f"holds {excerpt(twin)} and {excerpt(level)}: they are taken as different; "
                "mend the table if they are not.",
            )
            break
    # Good and Turing: the share of rows whose level came once is that of levels to come.
    rows = int(tally.counts.sum())
    once = int((tally.counts == 1).sum()) / rows
    if rows > ENOUGH and 0.001 < once < 0.5:
        remarks.ask(
            tally.name,
            f"has levels that came only once: about {once:.2g} of new rows may hold another one, "
            f"and are then impossible; write reserve: {once:.2g} to keep that probability.",
        )
