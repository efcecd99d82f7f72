"""A fit on disk: one safetensors file, replaced whole, from which it goes on bit for bit."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from pushforward.errors import ModelError
from pushforward.files import naming, write_bytes, write_text
from pushforward.limits import HISTORY as HISTORY_BYTES
from pushforward.limits import opened, read_bytes
from pushforward.training.state import Counters, State

CHECKPOINT = "checkpoint.safetensors"
HISTORY = "history.jsonl"
SCHEMA = 1
# What a file that is not as it was written may raise.
DAMAGE = (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError)


@dataclass
class Checkpoint:
    """Where a fit is kept, and whose it is.

    Attributes:
        folder: holds `checkpoint.safetensors` and `history.jsonl`; made if need be.
        state: what is stored, and restored in place.
        identity: plain values that must be the same for the fit to be continued.

    Raises:
        DataError: the folder cannot be made.
    """

    folder: Path
    state: State
    identity: dict[str, Any]

    def __post_init__(self) -> None:
        self._on_disk = 0  # entries of the history that a save need not write again
        with naming(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, history: list[dict[str, Any]]) -> None:
        """Write the state and what is new in the history.

        The history goes first: where a crash left it ahead of the state, `load` cuts it back.

        Raises:
            DataError: the folder cannot be written.
        """
        if self._on_disk:
            _append_history(self.folder, history[self._on_disk :])
        else:
            write_history(self.folder, history)
        self._on_disk = len(history)
        facts = {
            "schema": SCHEMA,
            "counters": asdict(self.state.counters),
            "identity": self.identity,
        }
        text = json.dumps(facts, sort_keys=True)
        tensors = {k: v.contiguous().cpu() for k, v in self.state.tensors().items()}
        metadata = {"state": text, "sha256": _digest(text, tensors)}
        write_bytes(self.folder / CHECKPOINT, save(tensors, metadata))

    def load(self) -> list[dict[str, Any]]:
        """Restore the state and give the history; nothing happens where nothing was saved.

        Raises:
            ModelError: a damaged or newer file, or one of another fit (the difference is named).
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return []
        try:
            with opened(path) as (file, slices):
                metadata = file.metadata() or {}
                facts = json.loads(metadata["state"])
                self._refuse_other(path, facts)
                tensors = {name: file.get_tensor(name) for name in self._names(path, slices)}
            if _digest(metadata["state"], tensors) != metadata["sha256"]:
                raise ValueError("its SHA-256 is another")
            counters = Counters(**facts["counters"])
            self.state.restore(tensors)
        except ModelError:
            raise
        except DAMAGE as error:
            raise ModelError(f"{path} is damaged ({error}); start afresh with --force.") from error
        self.state.counters = counters
        history = read_history(self.folder)
        return [entry for entry in history if entry["epoch"] <= counters.epoch]

    def _refuse_other(self, path: Path, facts: dict[str, Any]) -> None:
        if facts["schema"] > SCHEMA:
            raise ModelError(f"{path} was written by a newer version; upgrade pushforward.")
        stored, mine = facts["identity"], self.identity
        for key in mine | stored:
            if stored.get(key) != mine.get(key):
                raise ModelError(
                    f"{path} belongs to another fit: {key} was {stored.get(key)!r} and is "
                    f"{mine.get(key)!r} now. Give the same, or start afresh with --force."
                )

    def _names(self, path: Path, slices: dict[str, Any]) -> list[str]:
        """The names of the stored tensors, once they are known to be this flow's."""
        stored = {name: part.get_shape() for name, part in slices.items()}
        expected = {name: list(value.shape) for name, value in self.state.tensors().items()}
        if stored != expected:
            raise ModelError(
                f"{path} holds other tensors than this flow; start afresh with --force."
            )
        return list(stored)


def write_history(folder: Path, history: list[dict[str, Any]]) -> None:
    """Write `history.jsonl`: one JSON line an epoch or event.

    Raises:
        DataError: the folder cannot be written.
    """
    write_text(folder / HISTORY, _lines(history))


def _append_history(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Add entries: to write the whole at each of many thousand epochs would take its time."""
    path = folder / HISTORY
    with naming(path), open(path, "a", encoding="utf-8") as file:
        file.write(_lines(entries))
        file.flush()
        os.fsync(file.fileno())


def _lines(entries: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The entries written, without a last line that a crash has cut short.

    Raises:
        ModelError: the file is missing or damaged.
    """
    path = folder / HISTORY
    try:
        *lines, _ = read_bytes(path, HISTORY_BYTES).decode().split("\n")
        history = [json.loads(line) for line in lines]
        if not all(isinstance(entry["epoch"], int) for entry in history):
            raise ValueError("an entry without its epoch")
    except ModelError:
        raise
    except DAMAGE as error:
        raise ModelError(f"{path} cannot be read, or is damaged ({error}).") from error
    return history


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    """The SHA-256 over a text and tensors: safetensors itself does not notice a changed number."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
