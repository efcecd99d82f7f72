"""Dates that are written as text, and the microseconds since 1970 that they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.errors import ConfigurationError
from pushforward.text import excerpt

SECOND = 1_000_000
_MONTH = r"[A-Za-z]{3,9}\.?"
_DATE = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[- ]{_MONTH}[- ]\d{{4}}|{_MONTH} \d{{1,2}},? \d{{4}}"
)
_SHAPE = (
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


def microseconds(text: str) -> int:
    """Microseconds since 1970 of an ISO date, with or without a time of day; UTC without a zone.

    Raises:
        ConfigurationError: it is no such date.

    Example:
        >>> microseconds("1970-01-02")
        86400000000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{excerpt(text)} is no date; write it as 2024-12-31 or 2024-12-31T23:59:59."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * SECOND + since.microseconds


def iso(moment: int) -> str:
    """The ISO date of microseconds since 1970, its time of day left out at midnight.

    Example:
        >>> iso(86400000000), iso(1500000)
        ('1970-01-02', '1970-01-01T00:00:01.500000')
    """
    text = str(np.datetime64(moment, "us"))
    return re.sub(r"(T00:00:00)?\.0+$", "", text)


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
    parts = _split(cells)
    if not len(cells) or parts["date"].null_count:
        return []
    time = _time_pattern(parts)
    if time is None:
        return []
    date = parts["date"]
    bare = pc.any(pc.match_substring_regex(date, pattern=r"(^|\D)[1-9](\D|$)")).as_py()
    found = [form for form in _FORMATS if not _days(date, form).null_count]
    loose = (re.sub("%([dm])", r"%-\1", form) if bare else form for form in found)
    return [form + time for form in loose]


def read_dates(cells: pa.Array, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds since 1970, int64 (n), from text (n); and which cells (bool, n) are no dates.

    Missing cells are 0 and no fault.

    Raises:
        ConfigurationError: `form` is no format of a date.

    Example:
        >>> read_dates(pa.array(["02.01.1970", "32.01.1970"]), "%d.%m.%Y")
        (array([86400000000,           0]), array([False,  True]))
    """
    parts, pattern = _split(cells), date_parts(form)
    moments = _days(parts["date"], pattern["date"].replace("%-", "%"))
    wrong = pc.and_(pc.is_valid(cells), pc.is_null(moments)).to_numpy(zero_copy_only=False)
    total = pc.fill_null(moments, 0).to_numpy(zero_copy_only=False) * SECOND
    hour = _integers(parts["hour"])
    half = pc.fill_null(pc.utf8_trim_whitespace(pc.utf8_upper(parts["half"])), "")
    half = half.to_numpy(zero_copy_only=False)
    hour = np.where(half == "", hour, hour % 12 + 12 * (half == "PM"))
    minute, second = _integers(parts["minute"]), _integers(parts["second"])
    total = total + ((hour * 60 + minute) * 60 + second) * SECOND
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(parts["fraction"], 7, "0"), 1, 7)
    fraction = pc.if_else(pc.equal(parts["fraction"], ""), "0", digits)
    total = total + _integers(fraction)
    if pattern["zone"] == "%z":
        total = total - _offsets(parts["zone"])
    wrong |= (hour > 23) | (minute > 59) | (second > 59)
    return np.where(wrong, 0, total), wrong


def write_dates(moments: pa.Array, form: str) -> pa.Array:
    """Text (n) of Arrow timestamps in microseconds (n); null stays null.

    Raises:
        ConfigurationError: `form` is no format of a date.

    Example:
        >>> write_dates(pa.array([0, None], pa.timestamp("us")), "%-d/%-m/%Y %H:%M").to_pylist()
        ['1/1/1970 00:00', None]
    """
    pattern = date_parts(form)
    whole = pc.cast(pc.floor_temporal(moments, unit="second"), pa.timestamp("s"))
    text = _written(whole, pattern["date"])
    if not pattern["time"]:
        return text
    digits = int(pattern["digits"] or 0)
    time = re.sub(r"\.%\df", "", pattern["time"])
    half = pattern["half"] or ""
    pieces = [text, pattern["join"], _written(whole, time.removesuffix(half))]
    if digits:
        micro = pc.cast(pc.round(pc.multiply(pc.subsecond(moments), 1e6)), pa.int64())
        part = pc.utf8_slice_codeunits(pc.utf8_lpad(pc.cast(micro, pa.string()), 6, "0"), 0, digits)
        pieces += [".", part]
    pieces += [_written(whole, half)] if half else []
    zone = "+00:00" if pattern["zone"] == "%z" else pattern["zone"] or ""
    return pc.binary_join_element_wise(*pieces, zone, "")


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
    if found is None or not all(re.search(piece, date) for piece in ("%[Yy]", "%-?[mbB]", "%-?d")):
        raise ConfigurationError(
            f"{excerpt(form)} is no format of a date; write it as %Y-%m-%d or %d.%m.%Y %H:%M:%S."
        )
    return found.groupdict()


def _written(whole: pa.Array, form: str) -> pa.Array:
    text = pc.strftime(whole, format=form.replace("%-", "%"))
    if "%-" not in form:
        return text
    bare = r"^0(\d)" if ":" in form else r"\b0(\d)\b"  # minutes keep their zeros
    return pc.replace_substring_regex(text, pattern=bare, replacement=r"\1")


def _split(cells: pa.Array) -> dict[str, pa.Array]:
    parts = pc.extract_regex(cells, pattern=_SHAPE)
    return {name: pc.struct_field(parts, name) for name in _PARTS}


def _days(dates: pa.Array, form: str) -> pa.Array:
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


def _integers(texts: pa.Array) -> np.ndarray:
    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return pc.cast(pc.fill_null(filled, "0"), pa.int64()).to_numpy(zero_copy_only=False)


def _offsets(zones: pa.Array) -> np.ndarray:
    """Microseconds by which local time is ahead: "+01:30" is 5.4e9."""
    parts = pc.extract_regex(zones, pattern=r"^(?P<sign>[+-])(?P<hour>\d\d):?(?P<minute>\d\d)$")
    hour, minute = (_integers(pc.struct_field(parts, name)) for name in ("hour", "minute"))
    minus = pc.fill_null(pc.equal(pc.struct_field(parts, "sign"), "-"), False)
    sign = np.where(minus.to_numpy(zero_copy_only=False), -1, 1)
    return sign * (hour * 60 + minute) * 60 * SECOND
