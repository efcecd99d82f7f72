"""How text from a person's file enters a sentence: visible, short, and with its place."""

from __future__ import annotations

from pushforward.errors import DataError
from pushforward.text import excerpt, visible

__all__ = ["excerpt", "refusal", "row_name"]


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
