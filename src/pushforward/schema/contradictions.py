"""What keys of one column contradict one another: each a sentence, None where they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.clock import DAY
from pushforward.schema.date_format import ways
from pushforward.schema.dates import SECOND, microseconds
from pushforward.schema.facts import LARGEST
from pushforward.schema.grid import off_grid
from pushforward.schema.kinds import OTHER
from pushforward.schema.pattern import GENERAL, Pattern

FINEST = 1e-6  # seconds: dates are told apart to a microsecond
FEW = 1000  # numbers between two bounds that are too few for a density
EXACT = 2.0**53  # up to here every integer is a float64


def sizes_fault(sizes: dict[str, float]) -> str | None:
    """A number too large for the densities of flows, or a length too small for them.

    Example:
        >>> sizes_fault({"lower": 0.0, "upper": 1e300})
        'upper is 1e+300, and must lie within ±1e+30'
    """
    for key, size in sizes.items():
        if abs(size) > LARGEST:
            return f"{key} is {size:g}, and must lie within ±{LARGEST:g}"
        if key in ("step", "period") and size < 1 / LARGEST:
            return f"{key} is {size:g}, and must be {1 / LARGEST:g} or more"
    return None


def levels_fault(
    kind: str, levels: Sequence[str], inner: pa.DataType, dtype: str, reserve: float | None
) -> str | None:
    """Levels that no cell could have, or that could not be told apart.

    Args:
        kind: of the column.
        levels: their spellings.
        inner: the type that they go back to, by the name `dtype`.
        reserve: the probability kept for others.

    Example:
        >>> levels_fault("category", ["a", "a"], pa.string(), "string", None)
        "levels hold 'a' twice"
        >>> levels_fault("category", ["1", "01"], pa.int64(), "int64", None)
        "levels '1' and '01' are one int64"
    """
    twice, count = max(Counter(levels).items(), key=lambda pair: pair[1], default=("", 0))
    if count > 1:
        return f"levels hold {twice!r} twice"
    if not levels or (kind == "boolean" and len(levels) != 2):
        wanted = "two" if kind == "boolean" else "one or more"
        return f"kind {kind} needs {wanted} levels, not {len(levels)}"
    for level in levels:
        if level != level.strip():
            return f"level {level!r} has blanks around it, which cells lose; leave them out"
    if reserve is not None and OTHER in levels:
        return f"level {OTHER!r} is what reserve calls a level never seen; rename it"
    if kind == "boolean":
        return _twins(levels, [level.casefold() for level in levels], "word, cases aside")
    if pa.types.is_boolean(inner):
        return None
    try:
        cast = pc.cast(pa.array(levels, pa.string()), inner).to_pylist()
    except pa.ArrowException:
        return f"its levels are not all of dtype {dtype}"
    return _twins(levels, cast, dtype)


def _twins(levels: Sequence[str], same: Sequence[object], what: str) -> str | None:
    seen: dict[object, str] = {}
    for level, one in zip(levels, same, strict=True):
        if seen.setdefault(one, level) != level:
            return f"levels {seen[one]!r} and {level!r} are one {what}"
    return None


def grid_fault(
    kind: str, places: dict[str, float | None], unit: float, inner: pa.DataType, dtype: str
) -> str | None:
    """A grid that its kind or its dtype cannot hold.

    Args:
        kind: of the column.
        places: origin, lower and upper, where they are written.
        unit: its step.
        inner: the type that it goes back to, by the name `dtype`.

    Example:
        >>> grid_fault("integer", {"origin": 0.5}, 1.0, pa.int64(), "int64")
        'kind integer counts whole numbers, and origin is 0.5; make it rounded with step 1'
    """
    halves = [(key, v) for key, v in (("origin", places.get("origin")), ("step", unit)) if v]
    halves = [(key, v) for key, v in halves if v != round(v)]
    if kind == "integer" and halves:
        key, value = halves[0]
        return (
            f"kind integer counts whole numbers, and {key} is {value:g}; make it rounded with "
            f"step {unit:g}"
        )
    if pa.types.is_integer(inner) and halves:
        key, value = halves[0]
        return f"dtype {dtype} holds whole numbers alone, and {key} is {value:g}; write float64"
    for key, place in places.items():
        if place is not None and abs(place) / unit >= EXACT:
            return f"{key} is {place:g}, to which steps of {unit:g} cannot be counted exactly"
    return None


def decimals_fault(start: float, unit: float, pattern: Pattern) -> str | None:
    """A way to write numbers with fewer decimals than their grid has.

    Example:
        >>> decimals_fault(0.0, 0.25, Pattern(most=1))
        'format 0.# writes fewer decimals than step 0.25 needs'
    """
    if pattern.most >= GENERAL:
        return None
    least = 10.0**-pattern.most
    lost = [
        f"{key} {value:g}"
        for key, value in (("step", unit), ("origin", start))
        if value and off_grid(np.array([value]), least)[0]
    ]
    return f"format {pattern} writes fewer decimals than {lost[0]} needs" if lost else None


def bounds_fault(lower: float, upper: float, counted: bool) -> str | None:
    """Two bounds in the wrong order, or with hardly a float32 between them where none are counted.

    Example:
        >>> bounds_fault(1e9, 1e9 + 1, counted=False)
        'lower is 1e+09, and upper, 1e+09, is too near it for float32; shift the column'
    """
    if lower >= upper:
        return f"lower is {lower:g}, and upper, {upper:g}, is not above it"
    if not counted and upper - lower < FEW * float(np.finfo(np.float32).eps) * max(
        abs(lower), abs(upper)
    ):
        return (
            f"lower is {lower:g}, and upper, {upper:g}, is too near it for float32; shift the "
            "column"
        )
    return None


def dtype_fault(bounds: dict[str, float | None], inner: pa.DataType, dtype: str) -> str | None:
    """A bound beyond the integers that a dtype has.

    Example:
        >>> dtype_fault({"upper": 300.0}, pa.int8(), "int8")
        'upper is 300, and dtype int8 ends at 127'
    """
    if not pa.types.is_integer(inner):
        return None
    info = np.iinfo(inner.to_pandas_dtype())
    for key, bound in bounds.items():
        if bound is not None and not info.min <= bound <= info.max:
            end = info.min if bound < 0 else info.max
            return f"{key} is {bound:g}, and dtype {dtype} ends at {end}"
    return None


def dates_fault(origin: str, unit: float, form: str | None, inner: pa.DataType) -> str | None:
    """Steps of dates that are finer than what they are written as.

    Example:
        >>> dates_fault("2013-01-01", 3600.0, "%Y-%m-%d", pa.string())
        'format %Y-%m-%d writes no time of day, and dates lie 3600 seconds apart'
    """
    if unit < FINEST:
        return f"step is {unit:g} seconds, and dates are told apart to {FINEST:g} of one"
    start = microseconds(origin) / SECOND
    told = [] if form is None else [(f"format {way}", *_finest(way)) for way in ways(form)][:1]
    if pa.types.is_date32(inner):
        told.append(("dtype date32", DAY, "time of day"))
    for way, finest, lost in told:  # of several formats, the first alone is written
        if finest and (unit % finest or start % finest):
            return f"{way} writes no {lost}, and dates lie {unit:g} seconds apart" + (
                "" if unit % finest else f", counted from {origin}"
            )
    return None


def clock_fault(unit: float, form: str | None) -> str | None:
    """Steps of a time of the day that do not part it, or that its format does not write.

    Example:
        >>> clock_fault(1.0, "%H:%M")
        'format %H:%M writes no seconds, and times lie 1 seconds apart'
    """
    if unit != round(unit) or unit >= DAY:
        return f"step is {unit:g}, and must be whole seconds, fewer than a day has"
    if form is not None and "%S" not in form and unit % 60:
        return f"format {form} writes no seconds, and times lie {unit:g} seconds apart"
    return None


def _finest(form: str) -> tuple[int, str]:
    """The seconds that a format tells apart, 0 for fractions of one; and what it leaves out."""
    if "%M" not in form:
        return DAY, "time of day"
    if "%S" not in form:
        return 60, "seconds"
    return (0, "") if "f" in form else (1, "fractions of a second")


def constant_fault(value: str, missing: bool, inner: pa.DataType, dtype: str) -> str | None:
    """A constant that may be missing, or that its dtype cannot hold.

    Example:
        >>> constant_fault("a", False, pa.int64(), "int64")
        "value is 'a', which is no int64"
    """
    if missing:
        return "a constant is never missing; make it a category of one level"
    return None if holds(value, inner) else f"value is {value!r}, which is no {dtype}"


def holds(value: str, inner: pa.DataType) -> bool:
    """Can a type hold what this text says?

    Example:
        >>> holds("7", pa.int8()), holds("700", pa.int8())
        (True, False)
    """
    try:
        pc.cast(pa.array([value], pa.string()), inner)
    except pa.ArrowException:
        return False
    return True
