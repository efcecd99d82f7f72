"""Column names: filling in the empty ones, and finding those that a person asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pushforward.text import excerpt, refusal, require_columns

__all__ = ["name_columns", "refuse_duplicates", "require_columns"]


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
