"""What a piece of work did besides: code run, files written, sockets opened, memory taken."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Not "compile": numpy parses the header of an array by it; whatever is compiled runs by "exec".
WATCHED = ("exec", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
WATCHED += ("socket.", "pickle.", "ctypes.dlopen", "import", "os.remove", "os.rename", "os.mkdir")
_seen: Counter[str] | None = None
_hooked = False


def _hook(event: str, args: tuple[object, ...]) -> None:
    if _seen is None:
        return
    if event == "open":
        mode, flags = args[1:3]
        if (isinstance(mode, str) and set(mode) & set("wax+")) or int(flags) & WRITING:  # type: ignore[call-overload]
            _seen[f"open for writing {args[0]}"] += 1
    elif event.startswith(WATCHED):
        _seen[f"{event} {str(args[0])[:60]}" if args else event] += 1


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """Count what is done inside, by Python's own audit events. A hook stays, and then does nothing.

    Whatever a library loads when it is first used counts too: use it once before.
    """
    global _seen, _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    _seen = counted = Counter()
    try:
        yield counted
    finally:
        _seen = None


def forget_peak() -> None:
    """Let the peak of this process's memory begin at what it holds now (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory that this process has held since, MiB."""
    return _status("VmHWM")


def held_mib() -> float:
    """The memory that this process holds, MiB."""
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024
