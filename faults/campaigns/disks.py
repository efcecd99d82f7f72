"""Disks that are full, broken or read-only, at every call of a fit that changes a file."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from faults.forked import alone, command, model_bytes
from faults.line import Line
from faults.refusing import Refusal
from faults.tables import fit_of, write_table

TITLE = "A disk that refuses"
LEAD = """
A fit of three epochs makes some hundred calls that change files (it makes a folder, and opens,
writes, renames and removes drafts). In as many fits one of these calls fails: with ENOSPC (what was
written is cut to half first), with EIO, or with EROFS, that one and all after it. Then the disk is
well again, and the fit goes on with `--resume`.
"""
FAULTS = {"ENOSPC": (errno.ENOSPC, False), "EIO": (errno.EIO, False), "EROFS": (errno.EROFS, True)}
EPOCHS = 3


def at_every_call(name: str, step: int = 1) -> dict[str, int]:
    """Fail each `step`-th call with that fault; how often what came of it."""
    error, forever = FAULTS[name]
    found = dict.fromkeys(("calls", "ended", "said", "tracebacks", "debris", "resumed", "alike"), 0)
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside)
        table, known = folder / "t.parquet", folder / "known"
        write_table(table)
        for place in range(0, _calls(table, known), step):
            inside = folder / str(place)
            inside.mkdir()
            refusal = Refusal(inside, place, error, forever)
            outcome = command(fit_of(table, inside / "model", EPOCHS), refusal.install)
            lines = [line for line in outcome.said.splitlines() if line.startswith("pushforward: ")]
            found["calls"] += 1
            found["ended"] += outcome.code == 0
            found["said"] += outcome.code == 2 and len(lines) == 1 and str(inside) in lines[0]
            found["tracebacks"] += "Traceback" in outcome.said
            found["debris"] += not forever and any(_drafts(inside))  # or nothing can be removed
            again = command([*fit_of(table, inside / "model", EPOCHS), "--resume"])
            found["resumed"] += again.code == 0
            found["alike"] += again.code == 0 and _facts(inside / "model") == _facts(known)
            shutil.rmtree(inside)
    return found


def _calls(table: Path, known: Path) -> int:
    """How many calls an undisturbed fit makes, which becomes `known`."""
    refusal = Refusal(known.parent, -1, 0)
    count = known.parent / "count"

    def finish() -> None:
        made = refusal.count  # before this adds to it
        count.write_text(str(made))

    outcome = command(fit_of(table, known, EPOCHS), refusal.install, finish)
    assert outcome.code == 0, outcome.said
    return int(count.read_text())


def _drafts(folder: Path) -> Iterator[Path]:
    """Files that were meant to be renamed or removed."""
    return (path for path in folder.rglob(".*"))


def _facts(model: Path) -> tuple[bytes, list[tuple[str, int]]]:
    """A model's tensors, and the names and permissions of what lies beside it, and in it."""
    beside = [
        path.name for path in model.parent.iterdir() if path.name.startswith((".model", "model."))
    ]
    files = [(path.name, path.stat().st_mode) for path in sorted(model.iterdir())]
    return model_bytes(model), [(name, 0) for name in beside] + files


def run() -> list[Line]:
    """Every call, three faults."""
    said = []
    for name in FAULTS:
        found = alone(f"{__name__}:at_every_call", name)
        calls = found["calls"]
        whole = found["ended"] + found["said"]
        said += [
            Line(
                f"{name} at each of {calls} calls in turn",
                f"{found['said']} stopped with one sentence that names the place, "
                f"{found['ended']} ended all the same, {found['tracebacks']} tracebacks, "
                f"{found['debris']} left drafts",
                "a sentence or an end; no draft left",
                whole == calls and not found["tracebacks"] and not found["debris"],
            ),
            Line(
                f"{name}: `--resume` after each",
                f"{found['resumed']} ended, {found['alike']} equal to the undisturbed fit, with "
                "the same files and permissions and nothing beside them",
                "all",
                found["alike"] == calls,
            ),
        ]
    return said
