"""The process around one entry: requests come as JSON lines on stdin, answers go to stdout.

    {"do": "build", "name": …, "case": {…}}    -> {"params": …, "notes": […], "seconds": …}
    {"do": "call", "quantity": "train"}         -> {"seconds": …}, a single call
    {"do": "time", "quantity": …, "calls": n}   -> {"seconds": …}, each, after one call unmeasured
    {"do": "check"}                             -> {"check": {…} or null}

Whatever goes wrong is answered as {"error": text}, or {"missing": text} where the library has no
such model or way. The process ends with its stdin.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.work import THREADS, Case
from benchmarks.workers import Entry, Missing, make

UNMEASURED_BELOW = 0.5  # seconds: a longer call does not gain from one before it


def limit_threads() -> None:
    """Two cores for everyone: JAX has no setting for it other than the affinity."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[:THREADS]
        os.sched_setaffinity(0, cores)


def seconds_of(function: Callable[[], Any], calls: int = 1) -> float:
    """Wall seconds of one call, averaged over `calls`."""
    started = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - started) / calls


class Loop:
    """Answers requests about the entry that was built last."""

    entry: Entry

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What one request asks for."""
        what = request["do"]
        if what == "build":
            started = time.perf_counter()
            self.entry = make(request["name"], Case.of(request["case"]))
            seconds = time.perf_counter() - started
            return {"params": self.entry.params, "notes": self.entry.notes, "seconds": seconds}
        if what == "check":
            return {"check": self.entry.check()}
        function = getattr(self.entry, request["quantity"])
        if what == "call":
            return {"seconds": seconds_of(function)}
        if request["expected"] < UNMEASURED_BELOW:
            function()  # wakes the threads and fills the caches that other workers have emptied
        return {"seconds": seconds_of(function, request["calls"])}


def main() -> None:
    """Serve until stdin ends."""
    limit_threads()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not end up among the answers
    loop = Loop()
    for line in sys.stdin:
        try:
            answer = loop.answer(json.loads(line))
        except Missing as absent:
            answer = {"missing": str(absent)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
