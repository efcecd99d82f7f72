"""A disk that refuses: the k-th call by which a process changes files fails.

Python tells of each such call before it is made (PEP 578, audit events), and who is told may raise.
What it does not tell of is patched: `os.fsync`, by which all that is written here is pushed to the
disk, and before which half of the file is thrown away.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod")


class Refusal:
    """Counts the calls that change files inside a folder, and fails the one at `place`.

    Args:
        folder: calls elsewhere are let through.
        place: which call fails, from 0; it and all later ones where `forever`.
        error: its `errno`.
    """

    def __init__(self, folder: Path, place: int, error: int, forever: bool = False) -> None:
        self.folder, self.place, self.error = str(folder), place, error
        self.forever, self.count = forever, 0
        self._sync = os.fsync

    def install(self) -> None:
        """From now on, for as long as the process lasts."""
        sys.addaudithook(self._heard)
        os.fsync = self._fsync  # type: ignore[assignment]

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes) or not flags & WRITING:
                return
        elif event in CHANGES:
            path = arguments[0]
        else:
            return
        if os.fsdecode(path).startswith(self.folder):
            self._next(os.fsdecode(path))

    def _fsync(self, handle: int) -> None:
        path = os.readlink(f"/proc/self/fd/{handle}")
        if path.startswith(self.folder) and self._due():
            if os.path.isfile(path):
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            self._next(path)
        else:
            self.count += path.startswith(self.folder)
        self._sync(handle)

    def _due(self) -> bool:
        return self.count == self.place or (self.forever and self.count > self.place)

    def _next(self, path: str) -> None:
        due = self._due()
        self.count += 1
        if due:
            raise OSError(self.error, os.strerror(self.error), path)
