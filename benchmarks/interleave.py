"""One table: every entry alive at once, one repetition of each in turn.

What else the machine does, its clock and its temperature, then touch all entries alike.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from benchmarks.figures import summary
from benchmarks.process import Absent, Failed, Process
from benchmarks.work import QUANTITIES, THREADS, Case, Effort

SETTLE = 0.01  # seconds between two workers: idle OpenMP threads stop spinning within a few ms
LEAST_TIMED = 0.03  # a repetition makes as many calls as fill this
MOST_CALLS = 20
SLOW = 1.0  # a call of so many seconds is a repetition, whatever it was made for


@dataclass
class Row:
    """One entry of a table as it comes about."""

    process: Process
    record: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, float] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)

    def prepare(self, case: Case) -> None:
        """Build, make each call once (here a compiler does its work), and check."""
        self.record["errors"] = {}
        try:
            self.record.update(self.process.build(case))
        except Absent as absent:
            self.record["missing"] = str(absent)
            return
        except Failed as failed:
            self.record["errors"]["build"] = str(failed)
            return
        self.record["first_call"] = {}
        for quantity in ("log_prob", "train", "sample"):
            try:
                seconds = self.process.ask(do="call", quantity=quantity)["seconds"]
            except Absent as absent:
                self.record["notes"].append(str(absent))
            except Failed as failed:
                self.record["errors"][quantity] = str(failed)
            else:
                self.record["first_call"][quantity] = seconds
                self.times[quantity] = []
        try:
            self.record.update(self.process.ask(do="check"))
        except Failed as failed:
            self.record["errors"]["check"] = str(failed)

    def time(self, quantity: str) -> None:
        """One repetition; an entry that fails here leaves the quantity."""
        try:
            if quantity not in self.expected:  # the first call may have compiled
                seconds = self.process.ask(do="call", quantity=quantity)["seconds"]
                self.expected[quantity] = seconds
                if seconds > SLOW:
                    self.times[quantity].append(seconds)
                    return
            expected = self.expected[quantity]
            calls = min(max(round(LEAST_TIMED / expected), 1), MOST_CALLS)
            answer = self.process.ask(do="time", quantity=quantity, expected=expected, calls=calls)
        except Failed as failed:
            self.record["errors"][quantity] = str(failed)
            del self.times[quantity]
        else:
            self.times[quantity].append(answer["seconds"])

    def wants(self, quantity: str, effort: Effort, spent: float) -> bool:
        """Whether another repetition is due."""
        done = self.times.get(quantity)
        if done is None or len(done) >= effort.most:
            return False
        return len(done) < effort.least or spent < effort.seconds

    def result(self) -> dict[str, Any]:
        """What the page needs."""
        times = {q: summary(t) for q, t in self.times.items() if t}
        return {"name": self.process.name, **self.record, "times": times}


def table(case: Case, names: Sequence[str], effort: Effort, log: IO[str]) -> dict[str, Any]:
    """Measure one case for all entries of those names."""
    with ExitStack() as stack:
        rows = [
            Row(stack.enter_context(Process(name, log, effort.patience)))  # all import meanwhile
            for name in names
        ]
        with ThreadPoolExecutor(THREADS) as pool:  # compilers are slow, and nothing is timed yet
            list(pool.map(lambda row: row.prepare(case), rows))
        for quantity in QUANTITIES:
            interleave(rows, quantity, effort)
        return {"case": case.record(), "rows": [row.result() for row in rows]}


def interleave(rows: list[Row], quantity: str, effort: Effort) -> None:
    """Rounds of one repetition each, beginning with another entry every time."""
    spent = dict.fromkeys(range(len(rows)), 0.0)
    first = 0
    while True:
        due = [i for i in spent if rows[i].wants(quantity, effort, spent[i])]
        if not due:
            return
        for i in sorted(due, key=lambda i: (i - first) % len(rows)):
            time.sleep(SETTLE)
            started = time.perf_counter()
            rows[i].time(quantity)
            spent[i] += time.perf_counter() - started
        first += 1
