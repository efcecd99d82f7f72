"""kill −9 at random moments of a fit, by one process and by two."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT
from benchmarks.words import say
from faults.forked import KILLED, alone, command, model_bytes
from faults.line import Line
from faults.tables import fit_of, write_table

TITLE = "A fit that is killed"
LEAD = """
A fit (a spline flow of three columns, 40 epochs, a checkpoint after each) is killed with SIGKILL at
a random moment, begun again with `--resume`, killed again, and so on until it ends; then the next
one. Moments are drawn evenly over an undisturbed fit's time. *Equal*: `model.safetensors` of a fit
that was killed on its way is the undisturbed one's, byte for byte. With two processes one of the
two, drawn at random, is killed; torchrun then ends the other.
"""


def by_one(count: int, seed: int) -> dict[str, int]:
    """Kill `count` times; how many resumes were refused, fits ended, and of these were equal."""
    rng = random.Random(seed)
    found = {"kills": 0, "refused": 0, "fits": 0, "equal": 0}
    with tempfile.TemporaryDirectory() as folder:
        table, known, model = (Path(folder) / n for n in ("t.parquet", "known", "model"))
        write_table(table)
        started = time.monotonic()
        first = command(fit_of(table, known))
        assert first.code == 0, first.said
        length = time.monotonic() - started
        while found["kills"] < count:
            outcome = command([*fit_of(table, model), "--resume"], kill_after=rng.random() * length)
            if outcome.code == KILLED:
                found["kills"] += 1
                continue
            found["refused"] += outcome.code != 0
            if outcome.code == 0:
                found["fits"] += 1
                found["equal"] += model_bytes(model) == model_bytes(known)
            _remove(model)
        outcome = command([*fit_of(table, model), "--resume"])  # the last one to its end
        found["refused"] += outcome.code != 0
        found["fits"] += outcome.code == 0
        found["equal"] += outcome.code == 0 and model_bytes(model) == model_bytes(known)
    return found


def by_two(count: int, seed: int) -> dict[str, int]:
    """The same of fits by two processes, one of which is killed."""
    rng = random.Random(seed)
    found = {"kills": 0, "refused": 0, "fits": 0, "equal": 0}
    with tempfile.TemporaryDirectory() as folder:
        table, known, model = (Path(folder) / n for n in ("t.parquet", "known", "model"))
        write_table(table)
        started = time.monotonic()
        assert _two(fit_of(table, known)) == 0
        length = time.monotonic() - started
        while found["kills"] < count:
            after = rng.uniform(0.3, 1.0) * length  # before, both are importing
            code = _two([*fit_of(table, model), "--resume"], after, rng.randrange(2))
            if code == KILLED:
                found["kills"] += 1
                continue
            _ended(found, code, model, known)
            _remove(model)
        _ended(found, _two([*fit_of(table, model), "--resume"]), model, known)
    return found


def _ended(found: dict[str, int], code: int, model: Path, known: Path) -> None:
    found["refused"] += code != 0
    if code == 0:
        found["fits"] += 1
        found["equal"] += model_bytes(model) == model_bytes(known)


def _two(arguments: list[str], kill_after: float | None = None, rank: int = 0) -> int:
    """torchrun with two processes: its exit code, or KILLED where one was killed in time."""
    call = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*call, "-m", "pushforward", *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as parent:
        if kill_after is None:
            return parent.wait()
        time.sleep(kill_after)
        workers = _children(parent.pid)
        if len(workers) == 2:
            os.kill(workers[rank], signal.SIGKILL)
        code = parent.wait()
    return KILLED if code and len(workers) == 2 else code


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(n) for n in found.read_text().split()] if found.exists() else []


def _remove(model: Path) -> None:
    import shutil

    for folder in (model, model.with_name(f"{model.name}.partial")):
        shutil.rmtree(folder, ignore_errors=True)


def lines(found: dict[str, Any], who: str) -> list[Line]:
    """What is reported of one of the two."""
    return [
        Line(
            f"{who}: kill −9 at {found['kills']} random moments, then `--resume`",
            f"{found['refused']} refused",
            "the last checkpoint loads",
            found["refused"] == 0,
        ),
        Line(
            f"{who}: {found['fits']} fits to their end, each killed on its way or not",
            f"{found['equal']} equal to the undisturbed one, byte for byte",
            "all",
            found["equal"] == found["fits"],
        ),
    ]


def run() -> list[Line]:
    """200 kills of one process; 40 of two."""
    said = lines(alone(f"{__name__}:by_one", 200, 0), "one process")
    say(f"  {said[0].figure}, {said[1].figure}")
    return said + lines(by_two(40, 0), "two processes")
