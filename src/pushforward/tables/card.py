"""The model card: a README in the model's folder, for whoever finds it. It never shows a row."""

from __future__ import annotations

from typing import Any

from pushforward.storage import Config
from pushforward.storage.words import SHOWN_APART, TRIED_TITLE, tried_rows
from pushforward.tables.words import excerpt

ACTIVE = set("&<>|`*[]!\\:@")  # what HTML, a Markdown table, an image or a link is made of


def cell(text: object) -> str:
    """Text from data as it may stand in a Markdown table: nothing in it can act.

    Example:
        >>> cell("a|b</script>")
        "'a&#124;b&#60;/script&#62;'"
    """
    return "".join(f"&#{ord(c)};" if c in ACTIVE else c for c in excerpt(text))


def card(config: Config) -> str:
    """The card as Markdown: columns, held-out figures, how it was made, versions, how to use it."""
    table, training = config.table, config.training
    assert table is not None
    lines = [
        "# A normalizing flow of a table",
        "",
        f"An {config.flow.recipe} flow fitted by maximum likelihood with pushforward "
        f"{config.versions.get('pushforward', '')} on torch {config.versions.get('torch', '')}.",
        "",
        "| column | role |",
        "|---|---|",
        *(f"| {cell(c.name)} | modelled |" for c in table.columns),
        *(f"| {cell(c.name)} | given (context) |" for c in table.context),
        "",
        "## Held-out figures",
        "",
        *_figures(config.figures),
        "",
        "## How it was made",
        "",
        *(f"- {k.replace('_', ' ')}: {v}" for k, v in training.items() if k not in SHOWN_APART),
        *_settings(training),
        "",
        "## Use",
        "",
        "```",
        "pushforward score MODEL DATA -o scores.csv",
        "pushforward sample MODEL -n 1000 -o rows.csv",
        "```",
        "",
        "The manifest detects damage; it does not say who made the model.",
        "",
    ]
    return "\n".join(lines)


def _settings(training: dict[str, Any]) -> list[str]:
    if tried := tried_rows(training):
        lines = [f"| {n} | {nll:.4f} | {w:.3f} | {s:.1f} |" for n, nll, w, _, s in tried]
        head = ["| tried | NLL | weight | seconds |", "|---|---|---|---|"]
        return ["", f"{TRIED_TITLE}; the model is their mixture, by weight.", "", *head, *lines]
    return ["- settings: " + ", ".join(f"{k} {v}" for k, v in training.get("settings", {}).items())]


def _figures(figures: dict[str, Any]) -> list[str]:
    rows = figures.get("models", [])
    if not rows:
        return ["None were computed."]
    return [
        f"On {figures['rows']} rows that played no part in training. NLL in nats per row, smaller "
        "is better; it may be negative, since a density may exceed one.",
        "",
        "| model | NLL | standard error | NLL, standardized columns |",
        "|---|---|---|---|",
        *(
            f"| {r['name']} | {r['nll']:.4f} | {r['error']:.4f} | {r['standardized']:.4f} |"
            for r in rows
        ),
    ]
