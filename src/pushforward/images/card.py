"""The model card of a flow of images: a README in its folder. It never shows an image."""

from __future__ import annotations

from pushforward.storage import Config
from pushforward.storage.words import MANIFEST_SENTENCE, cell, made_with, making
from pushforward.text import visible


def card(config: Config) -> str:
    """The card as Markdown: the images, held-out bits/dim, how it was made, and how to use it."""
    record = config.images
    assert record is not None
    held = "None was computed." if record.heldout is None else f"{record.heldout.sentence()}."
    given = [f"Classes: {', '.join(cell(name) for name in record.classes)}.", ""]
    command = config.training.get("command")
    lines = [
        "# A normalizing flow of images",
        "",
        made_with(config.flow.recipe, config.versions),
        "",
        f"Of {record.words()}.",
        "",
        *(given if record.classes else []),
        "## Held-out images",
        "",
        held,
        "Bits/dim is -log₂ P of an image for each of its numbers; less is better.",
        "",
        "## How it was made",
        "",
        *([] if command is None else ["```", visible(command), "```", ""]),
        *making({name: value for name, value in config.training.items() if name != "command"}),
        "",
        "## Use",
        "",
        "```",
        "pushforward score MODEL IMAGES",
        "pushforward sample MODEL -n 64 --grid samples.png",
        "```",
        "",
        MANIFEST_SENTENCE,
        "",
    ]
    return "\n".join(lines)
