"""Text that came from a file or a path, as a terminal or a sentence may show it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from pushforward.errors import DataError

MOST_LISTED = 20
LONGEST_EXCERPT = 40


def visible(text: object) -> str:
    r"""Write control characters (ESC, newline, NUL, …) as Python would, and the rest as it is.

    Example:
        >>> print(visible("caf\u00e9\x1b[31m\n"))
        café\x1b[31m\n
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def excerpt(value: object) -> str:
    """A value in quotes, escaped and shortened.

    Example:
        >>> print(excerpt("x" * 100))
        'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    text = str(value)
    cut = text[:LONGEST_EXCERPT]
    return f"'{visible(cut)}{'…' if len(cut) < len(text) else ''}'"


def row_name(row: int, header: bool) -> str:
    """Say which row is meant: `row` counts data rows from 1, and 0 is the header itself.

    Example:
        >>> row_name(17, header=True)
        'row 17 (the header not counted)'
    """
    if row == 0:
        return "the header"
    return f"row {row} (the header not counted)" if header else f"row {row}"


def refusal(source: str, sentence: str) -> DataError:
    """The error that names the file and then says what is wrong with it."""
    return DataError(f"{visible(source)}: {sentence}")


def guess(name: str, names: Iterable[str]) -> str:
    """A bracket with the name that may have been meant, or nothing where none is near.

    Example:
        >>> guess("prise", ["price", "cut"])
        " (did you mean 'price'?)"
    """
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {excerpt(near[0])}?)" if near else ""


def listed(names: Sequence[str]) -> str:
    """Names in quotes, the first twenty of them.

    Example:
        >>> listed(["a", "b"])
        "'a', 'b'"
    """
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(excerpt(name) for name in names[:MOST_LISTED]) + more


def require_columns(wanted: Sequence[str], names: Sequence[str], source: str) -> None:
    """Raise `DataError` where a wanted column is missing: name it, its like, and what there is."""
    present = set(names)
    for name in wanted:
        if name not in present:
            raise refusal(
                source,
                f"there is no column {excerpt(name)}{guess(name, names)}; "
                f"its columns are {listed(names)}.",
            )
