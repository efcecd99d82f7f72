"""Commands in children of this process, so that hundreds of them start at once; some are killed.

torch takes seconds to import and a child nothing: it begins where its parent is. For that the
parent must have a single thread; campaigns run in a process of their own (`alone`).
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.process import ROOT

KILLED = -int(signal.SIGKILL)


class Outcome(NamedTuple):
    """What came of a command: its exit code (negative: killed by that signal), and what it said."""

    code: int
    said: str


def nothing() -> None:
    """Neither before nor after."""


def command(
    arguments: Sequence[str],
    prepare: Callable[[], None] = nothing,
    finish: Callable[[], None] = nothing,
    kill_after: float | None = None,
) -> Outcome:
    """Run `pushforward` with these arguments in a child.

    Args:
        arguments: after the program's name.
        prepare, finish: called in the child, before and after.
        kill_after: seconds until it is killed with SIGKILL.
    """
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            code = 70  # a traceback
            try:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                prepare()
                from pushforward.cli.app import run

                code = run(list(arguments))
                finish()
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return Outcome(os.waitstatus_to_exitcode(status), said.read().decode(errors="replace"))


def alone(function: str, *arguments: Any) -> Any:
    """What `module:function` gives for arguments that JSON can hold, in a new process.

    Example:
        >>> alone("math:hypot", 3, 4)
        5.0
    """
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-m", "faults.forked", function, json.dumps(arguments)]
    done = subprocess.run(call, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    import pushforward.cli.app
    import pushforward.tables.fitting  # noqa: F401 (that no child need do it)

    module, _, name = sys.argv[1].partition(":")
    found = getattr(importlib.import_module(module), name)(*json.loads(sys.argv[2]))
    assert threading.active_count() == 1
    sys.stdout.write(json.dumps(found) + "\n")


def model_bytes(folder: Path) -> bytes:
    """The tensors of a model."""
    return (folder / "model.safetensors").read_bytes()


if __name__ == "__main__":
    _main()
