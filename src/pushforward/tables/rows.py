r"""CSV's grammar: where a cell ends, where a row ends, and which quotes are wrong.

A quote counts at a cell's beginning only; `""` inside it is a quote; delimiters and newlines inside
it are text. That is how the parser (Arrow's) reads, and why a text is cut here before it is parsed:
block by block, after a newline that is outside quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pushforward.tables.words import refusal

LONGEST_ROW = 1 << 26  # characters; a longer row is none, but a quote that is never closed
NEVER_CLOSED = 'opens a quote (") that is never closed; close it.'
TEXT_AFTER = 'has text after a closing quote; write a quote inside a cell as "".'


def records(text: str, delimiter: str) -> Iterator[list[str]]:
    r"""Split a short text into rows of cells; what follows the last newline is a row, if empty.

    Example:
        >>> list(records('a,"b\n""c"" d"\r\n5" pipe,e', ","))
        [['a', 'b\n"c" d'], ['5" pipe', 'e']]
    """
    mark = re.escape(delimiter)
    cell = re.compile(rf'(?:"((?:[^"]++|"")*+)"?)?([^{mark}\r\n]*)({mark}|\r\n|\n|\r|\Z)')
    row: list[str] = []
    for match in cell.finditer(text):
        quoted, plain, end = match.groups()
        row.append((quoted or "").replace('""', '"') + plain)
        if end != delimiter:
            yield row
            row = []
        if not end:  # the text's end; beyond it there is one more empty match
            return


def whole_rows(blocks: Iterable[str], delimiter: str, source: str) -> Iterator[str]:
    r"""The same text, cut anew so that each piece ends with a row; the first begins with one.

    Raises:
        DataError: a quote is never closed, text follows a closed one, or a row is endless; the line
            is named.

    Example:
        >>> list(whole_rows(['a,b\n1', ',"2\n', '3"\n4,', '5'], ",", "t.csv"))
        ['a,b\n', '1,"2\n3"\n', '4,5']
    """
    rest, line, worthwhile, begun = "", 1, 0, False
    for block in blocks:
        rest += block
        if not begun:  # empty lines before the first row; later ones may be empty cells
            start = len(rest) - len(rest.lstrip("\r\n"))
            line += rest.count("\n", 0, start)
            rest = rest[start:]
            begun = bool(rest)
        if len(rest) < worthwhile:  # a long row: look again when it has doubled
            continue
        end, _, fault = _last_row_end(rest, delimiter)
        if end:
            yield rest[:end]
            line += rest.count("\n", 0, end)
            rest = rest[end:]
        if fault == TEXT_AFTER or len(rest) > LONGEST_ROW:
            break
        worthwhile = 2 * len(rest)
    end, place, fault = _last_row_end(rest, delimiter)
    if fault:
        if end:  # a fault in an earlier row is for the parser to find first
            yield rest[:end]
        line += rest.count("\n", 0, place)
        raise refusal(source, f"line {line} {fault}")
    if len(rest) > LONGEST_ROW:
        raise refusal(source, f"line {line} is longer than {LONGEST_ROW >> 20} million characters.")
    if rest:
        yield rest


def _last_row_end(text: str, delimiter: str) -> tuple[int, int, str]:
    """Where the last whole row ends (0: nowhere) before a quoting fault; the fault's place; it."""
    end, done = 0, 0
    for match in _quoted_cells(delimiter).finditer(text) if '"' in text else ():
        end = text.rfind("\n", done, match.start()) + 1 or end
        if not match["close"]:
            return end, match.start("last"), NEVER_CLOSED
        if match["tail"].strip():
            return end, match.start("tail"), TEXT_AFTER
        done = match.end()
    return text.rfind("\n", done) + 1 or end, 0, ""


def _quoted_cells(delimiter: str) -> re.Pattern[str]:
    """Neighbouring quoted cells (one match for many: it is quicker), and what follows them."""
    mark = re.escape(delimiter)
    inner = r'(?:[^"]++|"")*+'
    return re.compile(
        rf'(?<![^{mark}\r\n])(?:"{inner}"{mark})*'
        rf'(?P<last>"{inner}(?P<close>"|\Z))(?P<tail>[^{mark}\r\n]*)'
    )
