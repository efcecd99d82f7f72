"""`pushforward info`: what is in a model folder."""

from __future__ import annotations

from pushforward.cli import say
from pushforward.cli.options import Model


def info(model: Model) -> None:
    """Print what MODEL is: columns or images, flow, figures, versions. Reads no tensor."""
    from pushforward.storage import read_config
    from pushforward.storage.words import (
        SHOWN_APART,
        TRIED_HEADERS,
        TRIED_TITLE,
        arguments_in_words,
        tried_rows,
    )

    config = read_config(model)
    arguments = arguments_in_words(config.flow.arguments)
    say.result(f"{model}: {config.flow.recipe}({arguments}), {config.dtype}")
    if config.table:
        say.result("columns: " + ", ".join(c.name for c in config.table.columns))
        if config.table.context:
            say.result("given: " + ", ".join(c.name for c in config.table.context))
    if config.images:
        say.result(f"images: {config.images.words()}")
        if config.images.classes:
            say.result("classes: " + ", ".join(config.images.classes))
    for name, value in config.training.items():
        if name not in SHOWN_APART:
            say.result(f"{name.replace('_', ' ')}: {value}")
    if tried := tried_rows(config.training):
        say.table(TRIED_HEADERS, tried, TRIED_TITLE)
    say.result("made with " + ", ".join(f"{k} {v}" for k, v in config.versions.items()))
    say.figures(config.figures)
    if config.images and config.images.heldout:
        say.result(f"held out: {config.images.heldout.sentence()}")
