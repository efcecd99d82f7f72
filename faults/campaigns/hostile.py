"""Files meant to do harm, read in a child that is watched."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pushforward as pf
from benchmarks.process import ROOT
from faults.attacks import ATTACKS
from faults.line import Line
from faults.watch import forget_peak, held_mib, peak_mib, watched
from pushforward.errors import PushforwardError

TITLE = "Hostile files"
LEAD = """
Files with valid hashes whose maker means harm, each read in a child process. Python's audit events
tell of code that ran, files opened for writing, processes, sockets, and modules loaded; memory is
what the child's peak grew by, and the child may have 8 GiB of addresses in all.
"""
MOST = 256  # MiB that reading any of them may take beyond what the child held
ADDRESSES = 8 << 30


def tried(name: str) -> dict[str, Any]:
    """What came of one attack, in this process."""
    with tempfile.TemporaryDirectory() as scratch:
        read = ATTACKS[name](Path(scratch))
        forget_peak()
        before = held_mib()
        with watched() as seen:
            try:
                read()
                end = "read"
            except PushforwardError as error:
                end = "refused" if "\n" not in str(error) else "refused in several lines"
            except Exception as error:
                end = f"a traceback ({type(error).__name__})"
        mib = peak_mib() - before
        ran = (Path(scratch) / "m" / "ran").exists()
    return {"end": end, "mib": mib, "events": [*seen, *["its code ran"] * ran]}


def warm() -> None:
    """Use each reader once, so that nothing is loaded for the first time under watch."""
    with tempfile.TemporaryDirectory() as scratch:
        pf.save(pf.flows.nsf(2, layers=1, hidden=(8,)), Path(scratch) / "m")
        pf.load(Path(scratch) / "m")
    for name in ("an array of pickled objects", "a schema with 100,000 keys"):
        tried(name)


def line(name: str, came: dict[str, Any]) -> Line:
    """One attack on the page."""
    events = f"; {len(came['events'])} events: {came['events'][:3]}" if came["events"] else ""
    figure = f"{came['end']}; {max(came['mib'], 0):.0f} MiB{events}"
    kept = came["end"] == "refused" and not came["events"] and came["mib"] < MOST
    return Line(name, figure, f"refused in a line, nothing run, below {MOST} MiB", kept)


def run(names: Iterable[str] = tuple(ATTACKS), limit: float = 1800) -> list[Line]:
    """Try the attacks in one child, which ends within `limit` seconds."""
    command = [sys.executable, "-m", "faults.campaigns.hostile", *names]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=limit
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return [line(name, came) for name, came in found.items()]


if __name__ == "__main__":
    warm()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    print(json.dumps({name: tried(name) for name in sys.argv[1:]}))  # noqa: T201
