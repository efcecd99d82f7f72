"""What a config says, in words for a person."""

from __future__ import annotations

from collections import Counter
from typing import Any

SHOWN_APART = ("settings", "tried")  # of a training record: groups of their own


def arguments_in_words(arguments: dict[str, Any]) -> str:
    """A recipe's arguments; parts that are alike are counted.

    Example:
        >>> member = {"kind": "gaussians", "components": 3}
        >>> arguments_in_words({"features": 2, "members": [member, member]})
        'features=2, members=2 × gaussians(components=3)'
    """
    return ", ".join(f"{name}={_words(value)}" for name, value in arguments.items())


def _words(value: Any) -> str:
    if not (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
        return str(value)
    counted = Counter(_part(part) for part in value)
    return " + ".join(f"{n} × {part}" if n > 1 else part for part, n in counted.items())


def _part(part: dict[str, Any]) -> str:
    rest = {k: v for k, v in part.items() if k != "kind"}
    return f"{part.get('kind', '')}({', '.join(f'{k}={v}' for k, v in rest.items())})"


def tried_rows(training: dict[str, Any]) -> list[tuple[str, float, float, int, float]]:
    """What a fit tried: name, NLL (nats per row), weight, parts, seconds; the best first."""
    tried = training.get("tried") or []
    fields = ("name", "nll", "weight", "parts", "seconds")
    return sorted((tuple(t[f] for f in fields) for t in tried), key=lambda row: row[1])


TRIED_HEADERS = ("tried", "NLL", "weight", "parts", "seconds")
TRIED_TITLE = "What was tried: NLL in nats per row, on rows that each was not fitted to"
