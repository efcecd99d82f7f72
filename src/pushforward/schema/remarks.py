"""What was assumed of a table's columns, and what a person is asked: one line each."""

from __future__ import annotations

from dataclasses import dataclass, field

from pushforward.text import excerpt


@dataclass
class Remarks:
    """Lines that say what was assumed, and lines that ask.

    Example:
        >>> remarks = Remarks()
        >>> remarks.note("price", "is left out.")
        >>> remarks.notes
        ["column 'price' is left out."]
    """

    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def note(self, column: str, text: str) -> None:
        """Say what was assumed of a column."""
        self.notes.append(f"column {excerpt(column)} {text}")

    def ask(self, column: str, text: str) -> None:
        """Ask about what could be read in two ways."""
        self.questions.append(f"column {excerpt(column)} {text}")
