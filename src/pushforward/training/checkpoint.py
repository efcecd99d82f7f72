"""A fit on disk: one safetensors file, replaced whole, from which it goes on bit for bit."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pushforward.errors import ModelError
from pushforward.files import replacing, write_text
from pushforward.training.state import Counters, State

CHECKPOINT = "checkpoint.safetensors"
HISTORY = "history.jsonl"
SCHEMA = 1


def save_checkpoint(
    folder: Path, state: State, history: list[dict[str, Any]], identity: dict[str, Any]
) -> None:
    """Write the state and the history; after a crash either the old or the new pair stands.

    The history goes first: where it is ahead of the state, `load_checkpoint` cuts it back.

    Raises:
        DataError: the folder cannot be written.
    """
    save_history(folder, history)
    facts = {"schema": SCHEMA, "counters": asdict(state.counters), "identity": identity}
    tensors = {name: value.contiguous() for name, value in state.tensors().items()}
    with replacing(folder / CHECKPOINT) as draft:
        save_file(tensors, draft, metadata={"state": json.dumps(facts, sort_keys=True)})


def save_history(folder: Path, history: list[dict[str, Any]]) -> None:
    """The history as JSON lines, one entry an epoch or event."""
    write_text(folder / HISTORY, "".join(json.dumps(entry) + "\n" for entry in history))


def load_checkpoint(
    folder: Path, state: State, identity: dict[str, Any]
) -> list[dict[str, Any]] | None:
    """Restore `state` in place and give the history; None where the folder holds no checkpoint.

    Raises:
        ModelError: a damaged or newer file, or one of another fit (the difference is named).
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["state"])
            stored = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
            if facts["schema"] > SCHEMA:
                raise ModelError(f"{path} was written by a newer version; upgrade pushforward.")
            _refuse_other(path, facts["identity"], identity)
            expected = {name: list(value.shape) for name, value in state.tensors().items()}
            if stored != expected:
                raise ModelError(
                    f"{path} holds other tensors than this flow; use --force to restart."
                )
            state.restore({name: file.get_tensor(name) for name in stored})
        state.counters = Counters(**facts["counters"])
        lines = (folder / HISTORY).read_text(encoding="utf-8").splitlines()
        history = [json.loads(line) for line in lines]
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} is damaged ({error}); start again with --force.") from error
    return [entry for entry in history if entry["epoch"] <= state.counters.epoch]


def _refuse_other(path: Path, stored: dict[str, Any], mine: dict[str, Any]) -> None:
    for key in sorted(stored.keys() | mine.keys()):
        if stored.get(key) != mine.get(key):
            raise ModelError(
                f"{path} belongs to another fit: its {key} is {stored.get(key)!r}, "
                f"but now it is {mine.get(key)!r}. Give the same, or start again with --force."
            )
