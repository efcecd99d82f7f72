"""`save` and `load`: a flow of the library to a folder and back."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pushforward.errors import ConfigurationError
from pushforward.files import naming, replace_directory
from pushforward.flow import Flow
from pushforward.storage.config import Config, FlowRecord
from pushforward.storage.folder import read_model, refuse_folder, write_model


def describe(flow: Flow) -> tuple[FlowRecord, str]:
    """The record from which the flow can be rebuilt, and the name of its dtype.

    Raises:
        ConfigurationError: the flow was put together by hand, not by a recipe.
    """
    if flow.made_by is None:
        raise ConfigurationError(
            "This flow was not made by a recipe, so a file could not say how to rebuild it. Put "
            "its construction into a function decorated with pushforward.flows.recipe."
        )
    precisions = {p.dtype for p in flow.parameters()} or {flow.dtype}
    dtypes = {str(precision).removeprefix("torch.") for precision in precisions}
    dtype = dtypes.pop() if len(dtypes) == 1 else "mixed"
    if dtype not in ("float32", "float64"):
        raise ConfigurationError(f"Models are stored in float32 or float64, not {dtype}.")
    return FlowRecord(**flow.made_by), dtype


def versions() -> dict[str, str]:
    """The versions that a model was written with."""
    return {name: version(name) for name in ("pushforward", "torch")}


def config_of(flow: Flow, **facts: Any) -> Config:
    """The config of a flow, with what else is known of it: further fields of `Config`.

    Raises:
        ConfigurationError: as `describe`.
    """
    record, dtype = describe(flow)
    return Config(versions=versions(), flow=record, dtype=dtype, **facts)  # type: ignore[arg-type]


def save(flow: Flow, path: str | Path, force: bool = False) -> None:
    """Write a flow as a model folder, whole or not at all.

    Args:
        flow: made by a recipe (`flow.made_by`).
        path: the folder to make.
        force: replace an existing model, or an empty folder.

    Raises:
        ConfigurationError: the flow was not made by a recipe.
        DataError: the folder exists (without `force`), holds something else than a model, or cannot
            be written.

    Example:
        >>> import tempfile, pushforward as pf
        >>> folder = tempfile.mkdtemp() + "/model"
        >>> save(pf.flows.maf(2, layers=1, hidden=(4,)), folder)
        >>> load(folder).event_shape
        torch.Size([2])
    """
    path = Path(path)
    config = config_of(flow)
    refuse_folder(path, force)
    prefix = f".{path.name}."
    with naming(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=prefix) as beside:
        draft = Path(beside) / "model"
        draft.mkdir()
        write_model(draft, flow, config, {}, _card(config))
        replace_directory(draft, path)


def _card(config: Config) -> str:
    """What is known of a flow that was saved from the library."""
    given = ", ".join(f"{name}={value!r}" for name, value in config.flow.arguments.items())
    made = ", ".join(f"{name} {number}" for name, number in config.versions.items())
    return (
        f"# A normalizing flow\n\nMade by `{config.flow.recipe}({given})` in {config.dtype}, with "
        f"{made}.\n\nRead it in Python with `pushforward.load(folder)`.\n"
    )


def load(path: str | Path) -> Flow:
    """The flow of a model folder, in evaluation mode.

    Raises:
        ModelError: no such model, or one that is damaged, altered or of a newer format.
    """
    return read_model(path).flow
