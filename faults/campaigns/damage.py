"""A small model and a checkpoint, damaged in every place."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

import pushforward as pf
from faults.line import Line
from pushforward.errors import PushforwardError
from pushforward.storage import Stored, read_model
from pushforward.training.checkpoint import CHECKPOINT, Checkpoint
from pushforward.training.state import State

TITLE = "Damaged files"
LEAD = """
Every file of a small model has, in turn, each single bit of each byte turned over, and is cut at
each length; then the model is read. *Detected*: it is refused, in one line. *Harmless*: it is read,
and every tensor and every word of the config is as it was; so it is with white space in the
manifest. The card (`README.md`) is for people: it is neither hashed nor read, so that nothing in it
is detected. A checkpoint, which is one file with its own hash, goes the same way.
"""
PROMISED = "detected or harmless"


def damages(data: bytes, bits: tuple[int, ...], every: int = 1) -> Iterator[bytes]:
    """Each `every`-th byte with each of `bits` turned over, then `data` cut there."""
    for place in range(0, len(data), every):
        for bit in bits:
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield bytes(changed)
        yield data[:place]


def outcome(sound: Callable[[], bool]) -> str:
    """What came of reading: `sound` reads, and tells whether all is as it was."""
    try:
        return "harmless" if sound() else "missed"
    except PushforwardError as error:
        return "detected" if "\n" not in str(error) else "more than a line"
    except Exception as error:
        return f"a traceback ({type(error).__name__})"


def same(one: Stored, other: Stored) -> bool:
    """Are both models one, bit for bit?"""
    mine, theirs = one.flow.state_dict(), other.flow.state_dict()
    return (
        one.config == other.config
        and mine.keys() == theirs.keys()
        and all(torch.equal(mine[k], theirs[k]) for k in mine)
    )


def of_model(name: str, bits: tuple[int, ...], every: int = 1) -> Counter[str]:
    """The outcomes of all damages to the file `name` of a small model."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "m"
        pf.save(pf.flows.planar(2, layers=1), folder)
        sound, path = read_model(folder), folder / name
        found: Counter[str] = Counter()
        for changed in damages(path.read_bytes(), bits, every):
            path.write_bytes(changed)
            found[outcome(lambda: same(read_model(folder), sound))] += 1
        return found


def of_checkpoint(bits: tuple[int, ...], every: int = 1) -> Counter[str]:
    """The outcomes of all damages to a checkpoint, whose sound content is known."""
    with tempfile.TemporaryDirectory() as scratch:
        flow = pf.flows.planar(2, layers=1)
        parameters = [p for p in flow.parameters() if p.requires_grad]
        state = State(flow, torch.optim.AdamW(parameters), torch.Generator())
        state.begin()
        point, path = Checkpoint(Path(scratch), state, {"seed": 0}), Path(scratch) / CHECKPOINT
        point.save([])
        before = {k: v.clone() for k, v in state.tensors().items()}
        counters = state.counters

        def sound() -> bool:
            history, now = point.load(), state.tensors()
            as_it_was = not history and state.counters == counters
            return as_it_was and all(torch.equal(now[k], before[k]) for k in before)

        found: Counter[str] = Counter()
        for changed in damages(path.read_bytes(), bits, every):
            path.write_bytes(changed)
            found[outcome(sound)] += 1
        return found


def line(what: str, found: Counter[str]) -> Line:
    """The outcomes of damages to one file."""
    figure = ", ".join(f"{count:,} {name}" for name, count in found.most_common())
    kept = not found.keys() - {"detected", "harmless"}
    return Line(f"{what}: {found.total():,} damages", figure, PROMISED, kept)


def run(bits: tuple[int, ...] = tuple(range(8)), every: int = 1) -> list[Line]:
    """Damage each file of a model, and a checkpoint."""
    names = ("config.json", "model.safetensors", "manifest.json", "README.md")
    lines = [line(name, of_model(name, bits, every)) for name in names]
    return [*lines, line(CHECKPOINT, of_checkpoint(bits, every))]
