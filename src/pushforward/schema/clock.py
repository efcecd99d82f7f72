"""Times of the day that are written as text, and the seconds since midnight that they are."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.errors import ConfigurationError
from pushforward.schema.dates import integers
from pushforward.text import excerpt

DAY = 86400
SHAPE = (
    r"^(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"(?P<half>(?: ?[AaPp][Mm])?)$"
)
_FORMAT = re.compile(r"%-?[HI]:%M(:%S)?( ?%p)?")


def clock_format(cells: pa.Array) -> str | None:
    """The format of cells (n) that are all times of the day; None where one is not.

    Seconds are written where any cell has them. Cells of 12 hours and of 24 do not mix.

    Example:
        >>> clock_format(pa.array(["08:15", "8:15:30", None])), clock_format(pa.array(["36:15"]))
        ('%-H:%M:%S', None)
    """
    cells = cells.drop_null()
    if not len(cells) or read_times(cells)[1].any():
        return None
    parts = pc.extract_regex(cells, pattern=SHAPE)
    halves = set(pc.unique(pc.not_equal(pc.struct_field(parts, "half"), "")).to_pylist())
    if len(halves) > 1:
        return None
    bare = pc.any(pc.match_substring_regex(cells, pattern=r"^\d:")).as_py()
    half = halves.pop()
    second = pc.any(pc.not_equal(pc.struct_field(parts, "second"), "")).as_py()
    gap = " " if half and pc.any(pc.match_substring(cells, " ")).as_py() else ""
    hour = ("%-" if bare else "%") + ("I" if half else "H")
    return f"{hour}:%M{':%S' if second else ''}{gap + '%p' if half else ''}"


def require_clock(form: str) -> None:
    """Accept the format of a time of the day.

    Raises:
        ConfigurationError: it is none.

    Example:
        >>> require_clock("%d:%M")
        Traceback (most recent call last):
        pushforward.errors.ConfigurationError: '%d:%M' is no format of a time of the day; write it \
as %H:%M, %H:%M:%S or %I:%M %p.
    """
    found = _FORMAT.fullmatch(form)
    if found is None or ("I" in form) != (found[2] is not None):
        raise ConfigurationError(
            f"{excerpt(form)} is no format of a time of the day; write it as %H:%M, %H:%M:%S or "
            "%I:%M %p."
        )


def read_times(cells: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since midnight, int64 (n), from text (n); and which cells (bool, n) are no times.

    Missing cells are 0 and no fault.

    Example:
        >>> read_times(pa.array(["08:15", "12:00:01 am", "24:00"]))
        (array([29700,     1,     0]), array([False, False,  True]))
    """
    parts = pc.extract_regex(cells, pattern=SHAPE)
    wrong = pc.and_(pc.is_valid(cells), pc.is_null(parts)).to_numpy(zero_copy_only=False)
    hour, minute, second = (
        integers(pc.struct_field(parts, name)) for name in ("hour", "minute", "second")
    )
    half = pc.utf8_trim_whitespace(pc.utf8_upper(pc.struct_field(parts, "half")))
    half = pc.fill_null(half, "").to_numpy(zero_copy_only=False)
    twelve = half != ""
    wrong = wrong | (hour > 23) | (twelve & ((hour < 1) | (hour > 12)))
    hour = np.where(twelve, hour % 12 + 12 * (half == "PM"), hour)
    return np.where(wrong, 0, (hour * 60 + minute) * 60 + second), wrong


def write_times(seconds: np.ndarray, form: str) -> pa.Array:
    """Text (n) of seconds since midnight (n); null where NaN.

    Example:
        >>> write_times(np.array([29730.0, np.nan]), "%-I:%M:%S %p").to_pylist()
        ['8:15:30 AM', None]
    """
    missing = np.isnan(seconds)
    whole = np.nan_to_num(seconds).astype(np.int64)
    stamps = pa.array(whole, pa.int64(), mask=missing).cast(pa.timestamp("s"))
    text = pc.strftime(stamps, format=form.replace("%-", "%"))
    if "%-" in form:
        text = pc.replace_substring_regex(text, pattern=r"^0", replacement="")
    return text
