"""`pushforward info`: what is in a model folder."""

from __future__ import annotations

from pushforward.cli import say
from pushforward.cli.options import Model


def info(model: Model) -> None:
    """Print what MODEL is: columns, flow, figures, versions. Reads no tensor."""
    from pushforward.storage import read_config

    config = read_config(model)
    arguments = ", ".join(f"{k}={v}" for k, v in config.flow.arguments.items())
    say.result(f"{model}: {config.flow.recipe}({arguments}), {config.dtype}")
    if config.table:
        say.result("columns: " + ", ".join(c.name for c in config.table.columns))
        if config.table.context:
            say.result("given: " + ", ".join(c.name for c in config.table.context))
    for name, value in config.training.items():
        if name != "settings":
            say.result(f"{name.replace('_', ' ')}: {value}")
    say.result("made with " + ", ".join(f"{k} {v}" for k, v in config.versions.items()))
    say.figures(config.figures)
