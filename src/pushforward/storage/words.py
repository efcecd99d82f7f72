"""What a config says, in words for a person."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pushforward.text import excerpt

ACTIVE = set("&<>|`*[]!\\:@")  # what HTML, a Markdown table, an image or a link is made of
MANIFEST_SENTENCE = "The manifest detects damage; it does not say who made the model."
SHOWN_APART = ("settings", "tried")  # of a training record: groups of their own


def cell(text: object) -> str:
    """Text from data as it may stand in Markdown, in a table too: nothing in it can act.

    Example:
        >>> cell("a|b</script>")
        "'a&#124;b&#60;/script&#62;'"
    """
    return "".join(f"&#{ord(c)};" if c in ACTIVE else c for c in excerpt(text))


def made_with(recipe: str, versions: dict[str, str]) -> str:
    """What a card's first sentence says of the flow and of what fitted it.

    Example:
        >>> made_with("nsf", {"pushforward": "0.1.0", "torch": "2.13.0"})
        'Recipe nsf, fitted by maximum likelihood with pushforward 0.1.0 on torch 2.13.0.'
    """
    return (
        f"Recipe {recipe}, fitted by maximum likelihood with pushforward "
        f"{versions.get('pushforward', '')} on torch {versions.get('torch', '')}."
    )


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


def making(training: dict[str, Any]) -> list[str]:
    """How a model was made, as lines of Markdown: facts, and settings or what was tried."""
    facts = [f"- {k.replace('_', ' ')}: {v}" for k, v in training.items() if k not in SHOWN_APART]
    if tried := tried_rows(training):
        lines = [f"| {n} | {nll:.4f} | {w:.3f} | {s:.1f} |" for n, nll, w, _, s in tried]
        head = ["| tried | NLL | weight | seconds |", "|---|---|---|---|"]
        what = f"{TRIED_TITLE}; the model is their mixture, by weight."
        return [*facts, "", what, "", *head, *lines]
    settings = ", ".join(f"{k} {v}" for k, v in training.get("settings", {}).items())
    return [*facts, f"- settings: {settings}"]
