"""Numbers that are written as text: how they are written, what they are, and the way back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.pattern import BLANKS, GENERAL, Pattern

_MARKS = r"[$€£¥]|%"
BRACKETS = r"^\(\s*(.*?)\s*\)$"
_SHAPE = (
    rf"^[+-]?\s*(?P<prefix>(?:{_MARKS})?)(?P<gap>\s*)[+-]?(?P<body>[\d.,'{BLANKS}]*\d[.,]?)"
    rf"(?P<exponent>(?:[eE][+-]?\d+)?)(?P<suffix>(?:\s*(?:{_MARKS}))?)$"
)


def read_numbers(cells: pa.Array, pattern: Pattern) -> tuple[np.ndarray, np.ndarray]:
    """float64 (n) from text (n), NaN where it is null; and which of them (bool, n) are no numbers.

    Example:
        >>> read_numbers(pa.array(["$1,200.5", None, "x"]), Pattern("$", ","))
        (array([1200.5,    nan,    nan]), array([False, False,  True]))
    """
    good = pc.fill_null(pc.match_substring_regex(cells, pattern=pattern.regex()), False)
    plain = pc.if_else(good, cells, pa.scalar(None, pa.string()))
    if pattern.brackets:
        plain = pc.replace_substring_regex(plain, pattern=BRACKETS, replacement=r"-\1")
    for mark in (pattern.prefix.strip(), pattern.suffix.strip()):
        if mark:
            plain = pc.replace_substring(plain, mark, "")
    if pattern.thousands or pattern.prefix or pattern.suffix:
        marks = rf"[\s{BLANKS}{pattern.thousands}]"
        plain = pc.replace_substring_regex(plain, pattern=marks, replacement="")
    if pattern.decimal != ".":
        plain = pc.replace_substring(plain, pattern.decimal, ".")
    values = pc.cast(pc.utf8_ltrim(plain, characters="+"), pa.float64())
    wrong = pc.and_(pc.is_valid(cells), pc.invert(good)).to_numpy(zero_copy_only=False)
    return values.to_numpy(zero_copy_only=False), wrong


def write_numbers(values: np.ndarray, pattern: Pattern) -> pa.Array:
    """Text (n) of float64 (n), null where it is NaN.

    Example:
        >>> write_numbers(np.array([-1200.5, np.nan]), Pattern("$", ",", ".", 2, 2)).to_pylist()
        ['-$1,200.50', None]
    """
    here = ~np.isnan(values)
    different, which = np.unique(values[here] + 0.0, return_inverse=True)
    texts = pa.array([_text(value, pattern) for value in different.tolist()], pa.string())
    place = np.zeros(len(values), dtype=np.int64)
    place[here] = which
    return texts.take(pa.array(place, mask=~here))


def _text(value: float, pattern: Pattern) -> str:
    if pattern.most >= GENERAL:
        shortest = repr(abs(value)).removesuffix(".0").replace(".", pattern.decimal)
        return _signed(value < 0, shortest, pattern)
    whole, _, decimals = f"{abs(value):,.{pattern.most}f}".partition(".")
    while len(decimals) > pattern.least and decimals.endswith("0"):
        decimals = decimals[:-1]
    digits = whole.replace(",", pattern.thousands)
    digits += pattern.decimal + decimals if decimals else ""
    below = value < 0 and any(c in "123456789" for c in digits)
    return _signed(below, digits, pattern)


def _signed(below: bool, digits: str, pattern: Pattern) -> str:
    plain = f"{pattern.prefix}{digits}{pattern.suffix}"
    if not below:
        return plain
    return f"({plain})" if pattern.brackets else f"-{plain}"


def number_patterns(cells: pa.Array, decimal: str = ".") -> list[Pattern]:
    """The ways in which all of some cells can be read as numbers, the likeliest first.

    Args:
        cells: text (n); null where a cell is missing.
        decimal: the decimal mark of the file.

    Returns:
        The patterns; none where some cell is no number, or digits begin with a zero that counts
        ("00123"); two where a mark may stand between thousands or before decimals.

    Example:
        >>> [str(p) for p in number_patterns(pa.array(["1.50 €", "12 €"]))]
        ['0.## €']
        >>> [str(p) for p in number_patterns(pa.array(["1,234", "999"]))]
        ['#,##0', '0,###']
        >>> [str(p) for p in number_patterns(pa.array(["(1,234.50)", "7.25"]))]
        ['#,##0.00;(#,##0.00)']
        >>> number_patterns(pa.array(["02134", "90210"]))
        []
    """
    cells = cells.drop_null()
    inside = pc.match_substring_regex(cells, pattern=r"^\(\s*[^+-].*\)$")
    if pc.any(inside).as_py():
        bare = pc.replace_substring_regex(cells, pattern=BRACKETS, replacement=r"\1")
        found = number_patterns(pc.if_else(inside, bare, cells), decimal)
        return [replace(pattern, brackets=True) for pattern in found]
    parts = pc.extract_regex(cells, pattern=_SHAPE)
    signs = pc.match_substring_regex(cells, pattern=r"^[+-]\D*[+-]")
    if parts.null_count or not len(cells) or pc.any(signs).as_py():
        return []
    prefix, gap, body, exponent, suffix = (
        pc.struct_field(parts, k) for k in ("prefix", "gap", "body", "exponent", "suffix")
    )
    before, after = _only(prefix), _only(suffix)
    if before is None or after is None or (before and after.strip()) or before == "%":
        return []
    if pc.any(pc.match_substring_regex(body, pattern=r"^0\d")).as_py():
        return []
    space = (_only(gap) or "") if before else ""
    blank = next((mark for mark in BLANKS if pc.any(pc.match_substring(body, mark)).as_py()), " ")
    other = "," if decimal == "." else "."
    found = []
    for mark, rival in ((decimal, other), (other, decimal)):
        for thousands in ("", rival, blank, "'"):
            pattern = Pattern(before + space, thousands, mark, 0, 0, after)
            bare = replace(pattern, prefix="", suffix="").regex()
            if pc.all(pc.match_substring_regex(body, pattern=bare)).as_py():
                least, most = _decimals(body, exponent, mark)
                found.append(replace(pattern, least=least, most=most))
                break  # with a mark between thousands, it would fit as well
    plain = found and not pc.any(pc.match_substring_regex(body, pattern=r"[.,]")).as_py()
    return found[:1] if plain else found


def _only(texts: pa.Array) -> str | None:
    """The one text beside "" that there is; None where there are several."""
    different = [text for text in pc.unique(texts).to_pylist() if text]
    return None if len(different) > 1 else "".join(different)


def _decimals(body: pa.Array, exponent: pa.Array, mark: str) -> tuple[int, int]:
    """The least and the greatest number of decimals; all that there are with an exponent."""
    if pc.any(pc.not_equal(exponent, "")).as_py():
        return 0, GENERAL
    tail = pc.replace_substring_regex(body, pattern=rf"^[^{mark}]*[{mark}]?", replacement="")
    range_ = pc.min_max(pc.utf8_length(tail)).as_py()
    return range_["min"], range_["max"]
