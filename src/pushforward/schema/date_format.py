"""How dates are written: their formats, told from cells, and taken apart."""

from __future__ import annotations

import re
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from pushforward.errors import ConfigurationError
from pushforward.text import excerpt

_MONTH = r"[A-Za-z]{3,9}\.?"
_DATE = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[- ]{_MONTH}[- ]\d{{4}}|{_MONTH} \d{{1,2}},? \d{{4}}"
)
SHAPE = (
    rf"^(?P<date>{_DATE})(?:(?P<join>T|,? )(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})"
    r"(?::(?P<second>\d{2})(?P<fraction>(?:\.\d+)?))?(?P<half>(?: ?[AaPp][Mm])?)"
    r"(?P<zone>(?:Z|[+-]\d{2}:?\d{2})?))?$"
)
_PARTS = ("date", "join", "hour", "minute", "second", "fraction", "half", "zone")
_FORMAT = re.compile(
    r"(?P<date>%.+?)(?:(?P<join>T|,? )(?P<time>(?P<hour>%-?[HI]):%M(?P<second>:%S)?"
    r"(?:\.%(?P<digits>\d)f)?(?P<half> ?%p)?)(?P<zone>Z|%z|[+-]\d{2}:?\d{2})?)?"
)
# Month before day where both are numbers, as in ISO's order from large to small; with points, as
# in the countries that write them, the day first.
_NUMERIC = [f"%Y{m}%m{m}%d" for m in "-/."] + [
    order.replace("/", mark) + year
    for mark, year in product("-/.", ("%Y", "%y"))
    for order in (("%d/%m/", "%m/%d/") if mark == "." else ("%m/%d/", "%d/%m/"))
]
_NAMED = ["%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b %d %Y"]
_FORMATS = [*_NUMERIC, *_NAMED, *(name.replace("%b", "%B") for name in _NAMED)]
_PIECES = {"%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%d": r"\d{1,2}"}
_PIECES |= {"%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}", ".": r"\."}


def date_patterns(cells: pa.Array) -> list[str]:
    """The formats in which all of some cells can be read as dates, the likeliest first.

    Args:
        cells: text (n); null where a cell is missing.

    Returns:
        Formats as of strftime; %-d is a day without its leading zero, %3f three digits of a
        fraction, %z zones that differ. None where some cell is no date; two where day and month
        could be either.

    Example:
        >>> date_patterns(pa.array(["2013-01-31 05:00", None]))
        ['%Y-%m-%d %H:%M']
        >>> date_patterns(pa.array(["1/2/2013", "11/12/2013"]))
        ['%-m/%-d/%Y', '%-d/%-m/%Y']
    """
    cells = cells.drop_null()
    parts = split_dates(cells)
    if not len(cells) or parts["date"].null_count:
        return []
    time = _time_pattern(parts)
    if time is None:
        return []
    date = parts["date"]
    bare = pc.any(pc.match_substring_regex(date, pattern=r"(^|\D)[1-9](\D|$)")).as_py()
    found = [form for form in _FORMATS if not days_of(date, form).null_count]
    loose = (re.sub("%([dm])", r"%-\1", form) if bare else form for form in found)
    return [form + time for form in loose]


def ways(form: str) -> list[str]:
    """The formats that a column's format names, with bars between them; the first writes.

    Example:
        >>> ways("%Y-%m-%d|%d/%m/%Y")
        ['%Y-%m-%d', '%d/%m/%Y']
    """
    return form.split("|")


def date_parts(form: str) -> dict[str, str]:
    """The parts of a date's format: date, join, time, digits, half, zone.

    Raises:
        ConfigurationError: it is no format, or lacks year, month or day.

    Example:
        >>> parts = date_parts("%Y-%m-%dT%H:%M:%S.%3fZ")
        >>> parts["date"], parts["join"], parts["digits"], parts["zone"]
        ('%Y-%m-%d', 'T', '3', 'Z')
    """
    found = _FORMAT.fullmatch(form)
    date = found["date"] if found else ""
    marks = [re.sub("[yY]", "y", re.sub("[bB]", "m", m)) for m in re.findall("%-?(.)", date)]
    if found is None or sorted(marks) != ["d", "m", "y"]:  # each of them once
        raise ConfigurationError(
            f"{excerpt(form)} is no format of a date; write it as %Y-%m-%d or %d.%m.%Y %H:%M:%S."
        )
    return found.groupdict()


def split_dates(cells: pa.Array) -> dict[str, pa.Array]:
    parts = pc.extract_regex(cells, pattern=SHAPE)
    return {name: pc.struct_field(parts, name) for name in _PARTS}


def days_of(dates: pa.Array, form: str) -> pa.Array:
    """Seconds since 1970 of dates, int64; null where one is not of this form."""
    pieces = _PIECES | {"%d": r"(?P<day>\d{1,2})"}
    shape = re.sub(r"%.|\.", lambda piece: pieces.get(piece[0], piece[0]), form)
    day = pc.struct_field(pc.extract_regex(dates, pattern=f"^{shape}$"), "day")
    plain = pc.if_else(pc.is_valid(day), dates, pa.scalar(None, pa.string()))
    days = pc.strptime(plain, format=form, unit="s", error_is_null=True)
    same = pc.equal(pc.cast(day, pa.int64()), pc.day(days))  # a 31st of February is no 3rd of March
    return pc.cast(pc.if_else(same, days, pa.scalar(None, days.type)), pa.int64())


def _time_pattern(parts: dict[str, pa.Array]) -> str | None:
    """The format of what follows the date; None where cells differ in it."""
    kinds = {}
    for name in ("join", "zone"):
        kinds[name] = set(pc.unique(parts[name]).to_pylist())
    for name in ("hour", "second", "half"):
        kinds[name] = set(pc.unique(pc.not_equal(parts[name], "")).to_pylist())
    if any(len(kinds[name]) > 1 for name in ("join", "hour", "second", "half")):
        return None
    if not kinds["hour"].pop():
        return ""
    zones = kinds["zone"]
    if len(zones) > 1 and "" in zones:
        return None
    bare = pc.any(pc.match_substring_regex(parts["hour"], pattern=r"^\d$")).as_py()
    half = kinds["half"].pop()
    hour = ("%-" if bare else "%") + ("I" if half else "H")
    longest = pc.max(pc.utf8_length(parts["fraction"])).as_py()
    fraction = f".%{min(longest - 1, 6)}f" if longest else ""
    second = ":%S" if kinds["second"].pop() else ""
    gap = " " if half and pc.any(pc.starts_with(parts["half"], " ")).as_py() else ""
    zone = zones.pop() if len(zones) == 1 else "%z"
    return f"{kinds['join'].pop()}{hour}:%M{second}{fraction}{gap + '%p' if half else ''}{zone}"
