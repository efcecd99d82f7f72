"""How a number is written as text, as spreadsheets note it: "$#,##0.00", "0.0#%", "0;(0)"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pushforward.errors import ConfigurationError
from pushforward.text import excerpt

BLANKS = " \u00a0\u202f"  # a blank, and those that do not break a line
GENERAL = 15  # from so many decimals on, a number is written with all digits that it has
_PATTERN = re.compile(r"([^#0]*)(#([.,'\s])##)?0(([.,])(0*)(#*))?([^#0]*)")


@dataclass(frozen=True)
class Pattern:
    """How a number is written.

    Attributes:
        prefix, suffix: what stands around it: "$", " €", "%".
        thousands: the mark between groups of three digits; "" for none.
        decimal: the decimal mark.
        least, most: how many decimals are written.
        brackets: whether a number below 0 stands in brackets, as accountants write it: "(5)".
    """

    prefix: str = ""
    thousands: str = ""
    decimal: str = "."
    least: int = 0
    most: int = 0
    suffix: str = ""
    brackets: bool = False

    def __str__(self) -> str:
        group = f"#{self.thousands}##" if self.thousands else ""
        decimals = "0" * self.least + "#" * (self.most - self.least)
        tail = self.decimal + decimals if decimals else ""
        plain = f"{self.prefix}{group}0{tail}{self.suffix}"
        return f"{plain};({plain})" if self.brackets else plain

    def regex(self) -> str:
        """What a cell must match, for Arrow's expressions."""
        digits = r"\d+"
        if self.thousands:
            mark = f"[{BLANKS}]" if self.thousands in BLANKS else re.escape(self.thousands)
            digits = rf"([1-9]\d{{0,2}}({mark}\d{{3}})+|\d+)"  # 0,132 is no 132
        point = re.escape(self.decimal)
        body = rf"({digits}({point}\d*)?|{point}\d+)([eE][+-]?\d+)?"
        after = rf"(\s*{re.escape(self.suffix.strip())})?" if self.suffix else ""
        mark, before = re.escape(self.prefix.strip()), "[+-]?"
        if mark:  # the sign on either side of it
            before = rf"([+-]?\s*({mark}\s*)?|{mark}\s*[+-])"
        if self.brackets:
            return rf"^({before}{body}{after}|\(\s*({mark}\s*)?{body}{after}\s*\))$"
        return f"^{before}{body}{after}$"


def parse_pattern(text: str) -> Pattern:
    """The pattern that a text describes.

    Raises:
        ConfigurationError: it is none.

    Example:
        >>> parse_pattern("$#,##0.00")
        Pattern(prefix='$', thousands=',', decimal='.', least=2, most=2, suffix='', brackets=False)
        >>> str(parse_pattern("0,0# %"))
        '0,0# %'
        >>> parse_pattern("0;(0)").brackets
        True
    """
    plain, _, below = text.partition(";")
    brackets = below != "" and below == f"({plain})"
    found = _PATTERN.fullmatch(plain if brackets else text)
    if found is None or (found[3] is not None and found[3] == found[5]):
        raise ConfigurationError(
            f"{excerpt(text)} is no format of a number; write it as $#,##0.00, 0.0%, 0,0# or 0;(0)."
        )
    prefix, _, thousands, _, decimal, zeros, maybe, suffix = found.groups()
    least = len(zeros or "")
    decimal = decimal or ("," if thousands == "." else ".")
    most = least + len(maybe or "")
    return Pattern(prefix, thousands or "", decimal, least, most, suffix, brackets)
