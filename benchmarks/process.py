"""The controller's end of a worker: starts it, asks it, and gives it up when it takes too long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from benchmarks.work import THREADS, Case

ROOT = Path(__file__).parent.parent


class Failed(Exception):
    """A worker's answer was an error, or none came; the text is for the page."""


class Absent(Failed):
    """The library has no such model."""


class Process:
    """One worker, as a context manager; an ended one answers every question with `Failed`.

    Args:
        name: the entry, one of `work.ENTRIES`.
        log: where its stderr goes.
        patience: seconds to wait for an answer.
    """

    def __init__(self, name: str, log: IO[str], patience: float) -> None:
        self.name, self.patience = name, patience
        threads = {k: str(THREADS) for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        self._child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, **threads, "JAX_PLATFORMS": "cpu"},
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            Failed: it says that something went wrong, or the patience is over.
            Absent: the library has no such model.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise Failed("its process has ended") from None
        if not select.select([self._child.stdout], [], [], self.patience)[0]:
            self.end()
            raise Failed(f"no answer within {self.patience:.0f} s")
        line = self._child.stdout.readline()
        if not line:
            raise Failed(f"its process ended (status {self._child.wait()})")
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            raise Absent(answer["missing"])
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def build(self, case: Case) -> dict[str, Any]:
        """Build the entry for a case."""
        return self.ask(do="build", name=self.name, case=case.record())

    def end(self) -> None:
        """Stop the process, kindly at first."""
        if self._child.stdin is not None:
            with suppress(BrokenPipeError):  # it has gone already
                self._child.stdin.close()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
