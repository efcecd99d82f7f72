"""Column names: filling in the empty ones, and finding those that a person asked for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pushforward.tables.words import excerpt, refusal

MOST_LISTED = 20


def name_columns(cells: Sequence[str], source: str) -> tuple[list[str], list[str]]:
    """Names and notes from a header's cells: blanks are trimmed, empty ones become `column_k`.

    Example:
        >>> name_columns(["x ", ""], "stars.csv")
        (['x', 'column_2'], ['column 2 has no name in the header: it is called column_2'])

    Raises:
        DataError: two columns bear one name (columns are addressed by name).
    """
    names = [cell.strip() or f"column_{k}" for k, cell in enumerate(cells, start=1)]
    notes = [
        f"column {k} has no name in the header: it is called column_{k}"
        for k, cell in enumerate(cells, start=1)
        if not cell.strip()
    ]
    refuse_duplicates(names, source)
    return names, notes


def refuse_duplicates(names: Sequence[str], source: str) -> None:
    """Raise `DataError` where two columns bear one name, and say which."""
    first: dict[str, int] = {}
    for k, name in enumerate(names, start=1):
        if name in first:
            pair = f"columns {first[name]} and {k}"
            raise refusal(source, f"{pair} are both called {excerpt(name)}; rename one of them.")
        first[name] = k


def require_columns(wanted: Sequence[str], names: Sequence[str], source: str) -> None:
    """Raise `DataError` where a wanted column is missing: name it, its like, and what there is."""
    present = set(names)
    for name in wanted:
        if name in present:
            continue
        near = difflib.get_close_matches(name, names, n=1)
        guess = f" (did you mean {excerpt(near[0])}?)" if near else ""
        listed = ", ".join(excerpt(known) for known in names[:MOST_LISTED])
        more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
        raise refusal(
            source, f"there is no column {excerpt(name)}{guess}; its columns are {listed}{more}."
        )
