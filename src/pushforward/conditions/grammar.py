"""The grammar of a condition: clauses with commas between them, each a name, a sign and a value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pushforward.errors import ConfigurationError
from pushforward.text import excerpt

_WORD = r'(?:"(?:[^"]|"")*"|(?:[^,"=<>|{};!]|!(?!=))+)'
_CLAUSE = re.compile(
    rf"\s*(?P<name>{_WORD})"
    rf"(?:\s*(?P<sign>!=|<=|>=|==?|<|>)\s*(?P<values>{_WORD}(?:\s*\|\s*{_WORD})*)"
    rf"|\s*\bin\s*\{{(?P<set>\s*{_WORD}(?:\s*;\s*{_WORD})*)\}})\s*(?:,|\Z)"
)
_WORDS = re.compile(_WORD)
HOW = (
    "write name=value, name!=value, name>=value or name in {a;b}, with commas between, and names "
    "or values that hold a comma or a sign in double quotes"
)


@dataclass(frozen=True)
class Clause:
    """One clause of a condition.

    Attributes:
        name: of a column.
        sign: "=" (one of the values), "!=" (none of them), "<", "<=", ">" or ">=".
        values: as they are written in the table; one or more.
    """

    name: str
    sign: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        """The clause as it is written; `parse` gives it back."""
        return f"{_quoted(self.name)}{self.sign}{'|'.join(map(_quoted, self.values))}"


def parse(text: str) -> list[Clause]:
    """The clauses of a condition.

    Args:
        text: clauses with commas between them: name=value, name=a|b and name in {a;b} (one of
            several), name!=value, and the bounds <, <=, >, >=. A name or value that holds one of
            , = < > | ; { } or != stands in double quotes; a double quote within them is doubled.
            Blanks around names and values are not part of them.

    Returns:
        The clauses, one or more, in their order.

    Raises:
        ConfigurationError: it cannot be read; the clause is named.

    Example:
        >>> for clause in parse('cut in {Ideal; Good}, price>=5000, "a,b" != "<5"'):
        ...     print(clause.name, clause.sign, clause.values)
        cut = ('Ideal', 'Good')
        price >= ('5000',)
        a,b != ('<5',)
    """
    found: list[Clause] = []
    place = 0
    while True:
        match = _CLAUSE.match(text, place)
        if match is None or not (name := _plain(match["name"])):
            rest = text[place:].strip()
            if not rest:
                what = "ends with a comma" if found else "is empty"
                raise ConfigurationError(f"The condition {excerpt(text)} {what}; {HOW}.")
            raise ConfigurationError(f"The condition cannot be read at {excerpt(rest)}; {HOW}.")
        sign = {None: "=", "==": "="}.get(match["sign"], match["sign"])
        words = _WORDS.findall(match["values"] or match["set"])
        values = tuple(_plain(word) for word in words if word.strip())
        if len(values) > 1 and sign not in ("=", "!="):
            raise ConfigurationError(
                f"The condition {excerpt(match[0].strip(', '))} bounds a column by several values; "
                "give one."
            )
        if not values:
            raise ConfigurationError(f"The condition on {excerpt(name)} has no value; {HOW}.")
        found.append(Clause(name, str(sign), values))
        place = match.end()
        if not match[0].endswith(","):
            return found


def _plain(word: str) -> str:
    """A name or value without its quotes, or without the blanks around it."""
    word = word.strip()
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _quoted(word: str) -> str:
    """A name or value as it may stand in a condition: in quotes where it needs them."""
    bare = word and word == word.strip() and _WORDS.fullmatch(word) and '"' not in word
    return word if bare and " in" not in word else '"' + word.replace('"', '""') + '"'
