"""The model card: a README in the model's folder, for whoever finds it. It never shows a row."""

from __future__ import annotations

from typing import Any

from pushforward.storage import Config
from pushforward.storage.words import MANIFEST_SENTENCE, cell, made_with, making


def card(config: Config) -> str:
    """The card as Markdown: columns, held-out figures, how it was made, versions, how to use it."""
    table = config.table
    assert table is not None
    lines = [
        "# A normalizing flow of a table",
        "",
        made_with(config.flow.recipe, config.versions),
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
        *making(config.training),
        "",
        "## Use",
        "",
        "```",
        "pushforward score MODEL DATA -o scores.csv",
        "pushforward sample MODEL -n 1000 -o rows.csv",
        "```",
        "",
        MANIFEST_SENTENCE,
        "",
    ]
    return "\n".join(lines)


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
