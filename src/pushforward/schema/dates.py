"""Dates that are written as text, and the microseconds since 1970 that they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.errors import ConfigurationError
from pushforward.schema.date_format import date_parts, days_of, split_dates, ways
from pushforward.text import excerpt

SECOND = 1_000_000


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


def ahead(form: str | None) -> int:
    """Microseconds by which the clock of a format's own zone is ahead of UTC; 0 where it has none.

    Example:
        >>> ahead("%Y-%m-%dT%H:%M+01:30"), ahead("%Y-%m-%d")
        (5400000000, 0)
    """
    zone = None if form is None else date_parts(ways(form)[0])["zone"]
    return int(_offsets(pa.array([zone], pa.string()))[0])


def read_dates(
    cells: pa.Array, form: str, other_zones: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds since 1970, int64 (n), from text (n); and which cells (bool, n) are no dates.

    Missing cells are 0 and no fault. Dates of a format with a zone are told by the clock there.

    Args:
        cells: text.
        form: how they are written.
        other_zones: take a cell of another zone than the format's for the same instant there; else
            it is no date.

    Raises:
        ConfigurationError: `form` is no format of a date.

    Example:
        >>> read_dates(pa.array(["1970-01-02", "01/01/1970"]), "%Y-%m-%d|%d/%m/%Y")[0]
        array([86400000000,           0])
        >>> read_dates(pa.array(["02.01.1970", "32.01.1970"]), "%d.%m.%Y")
        (array([86400000000,           0]), array([False,  True]))
        >>> noon = pa.array(["1970-01-01T12:00+02:00"])
        >>> read_dates(noon, "%Y-%m-%dT%H:%MZ", other_zones=True)[0] // 3_600_000_000
        array([10])
    """
    first, *others = ways(form)
    moments, wrong = _read_way(cells, first, other_zones)
    for other in others:
        again, still = _read_way(cells, other, other_zones)
        moments, wrong = np.where(wrong, again, moments), wrong & still
    return moments, wrong


def _read_way(cells: pa.Array, form: str, other_zones: bool) -> tuple[np.ndarray, np.ndarray]:
    parts, pattern = split_dates(cells), date_parts(form)
    moments = days_of(parts["date"], pattern["date"].replace("%-", "%"))
    wrong = pc.and_(pc.is_valid(cells), pc.is_null(moments)).to_numpy(zero_copy_only=False)
    total = pc.fill_null(moments, 0).to_numpy(zero_copy_only=False) * SECOND
    hour = integers(parts["hour"])
    half = pc.fill_null(pc.utf8_trim_whitespace(pc.utf8_upper(parts["half"])), "")
    half = half.to_numpy(zero_copy_only=False)
    hour = np.where(half == "", hour, hour % 12 + 12 * (half == "PM"))
    minute, second = integers(parts["minute"]), integers(parts["second"])
    total = total + ((hour * 60 + minute) * 60 + second) * SECOND
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(parts["fraction"], 7, "0"), 1, 7)
    fraction = pc.if_else(pc.equal(parts["fraction"], ""), "0", digits)
    total = total + integers(fraction)
    if pattern["zone"] == "%z":
        total = total - _offsets(parts["zone"])
    elif pattern["zone"] and other_zones:
        told = pc.fill_null(pc.not_equal(parts["zone"], ""), False).to_numpy(zero_copy_only=False)
        total = total + told * (ahead(form) - _offsets(parts["zone"]))
        wrong |= ~told & pc.is_valid(cells).to_numpy(zero_copy_only=False)
    else:  # the same wall clock in another zone is another moment
        zones = pc.fill_null(pc.not_equal(parts["zone"], pattern["zone"] or ""), False)
        wrong |= zones.to_numpy(zero_copy_only=False)
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
    pattern = date_parts(ways(form)[0])
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


def _written(whole: pa.Array, form: str) -> pa.Array:
    text = pc.strftime(whole, format=form.replace("%-", "%"))
    if "%-" not in form:
        return text
    bare = r"^0(\d)" if ":" in form else r"\b0(\d)\b"  # minutes keep their zeros
    return pc.replace_substring_regex(text, pattern=bare, replacement=r"\1")


def integers(texts: pa.Array) -> np.ndarray:
    """int64 (n) of digits (n); 0 where there are none.

    Example:
        >>> integers(pa.array(["07", "", None]))
        array([7, 0, 0])
    """
    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return pc.cast(pc.fill_null(filled, "0"), pa.int64()).to_numpy(zero_copy_only=False)


def _offsets(zones: pa.Array) -> np.ndarray:
    """Microseconds by which local time is ahead: "+01:30" is 5.4e9."""
    parts = pc.extract_regex(zones, pattern=r"^(?P<sign>[+-])(?P<hour>\d\d):?(?P<minute>\d\d)$")
    hour, minute = (integers(pc.struct_field(parts, name)) for name in ("hour", "minute"))
    minus = pc.fill_null(pc.equal(pc.struct_field(parts, "sign"), "-"), False)
    sign = np.where(minus.to_numpy(zero_copy_only=False), -1, 1)
    return sign * (hour * 60 + minute) * 60 * SECOND
