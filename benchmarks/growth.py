"""How the times grow with D, with depth and with the batch, and the exponents fitted to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, Any

from benchmarks.figures import summary
from benchmarks.process import Absent, Failed, Process
from benchmarks.work import QUANTITIES, Case, Effort

COMPARED = ("pushforward", "zuko", "flowjax", "gemm")
ROWS = 512  # of every quantity, unless the batch is what grows


@dataclass(frozen=True)
class Axis:
    """What grows, the others staying as they are."""

    name: str
    values: tuple[int, ...]
    models: tuple[str, ...]

    def case(self, model: str, value: int) -> Case:
        """The work at one point."""
        case = Case(model, 16, train_rows=ROWS, eval_rows=ROWS, sample_rows=ROWS)
        if self.name == "D":
            return replace(case, features=value)
        if self.name == "layers":
            return replace(case, layers=value)
        return replace(case, train_rows=value, eval_rows=value, sample_rows=value)


AXES = (
    Axis("D", tuple(2**i for i in range(1, 11)), ("nsf-c", "nsf-ar", "maf")),
    Axis("layers", tuple(2**i for i in range(6)), ("nsf-ar",)),
    Axis("batch", tuple(4**i for i in range(3, 9)), ("nsf-ar",)),
)
SPARSE = {"flowjax": 2}  # every second point only: each compiles anew, for seconds
SHORT = Effort(least=3, most=5, seconds=0.3, patience=60.0)


@dataclass(frozen=True)
class Limits:
    """Where a line ends: an entry whose call took longer is not asked for the next value."""

    call: float = 2.0  # seconds
    effort: Effort = SHORT


def grow(
    axis: Axis, model: str, log: IO[str], limits: Limits, values: Sequence[int] | None = None
) -> dict[str, Any]:
    """Times of all entries along an axis, point by point, interleaved as in the tables.

    Returns:
        {"axis", "model", "lines": {entry: {quantity: [{"value", "median", …}]}}, "ended": why a
        line stops before the last value}.
    """
    values = axis.values if values is None else values
    lines: dict[str, Any] = {name: {q: [] for q in QUANTITIES} for name in COMPARED}
    ended: dict[str, dict[str, str]] = {name: {} for name in COMPARED}
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Process(name, log, limits.effort.patience)) for name in COMPARED
        ]
        for i, value in enumerate(values):
            case = axis.case(model, value)
            asked = [w for w in workers if (len(values) - 1 - i) % SPARSE.get(w.name, 1) == 0]
            point(asked, case, value, lines, ended, limits)
    return {"axis": axis.name, "model": model, "lines": lines, "ended": ended}


def point(
    workers: Sequence[Process],
    case: Case,
    value: int,
    lines: dict[str, Any],
    ended: dict[str, dict[str, str]],
    limits: Limits,
) -> None:
    """Measure one value for all workers whose lines have not ended."""
    ready = []
    for worker in workers:
        going = [q for q in QUANTITIES if q not in ended[worker.name]]
        if not going:
            continue
        try:
            worker.build(case)
        except (Failed, Absent) as failed:
            ended[worker.name] = dict.fromkeys(QUANTITIES, str(failed))
            continue
        ready += [(worker, q) for q in going]
    expected: dict[tuple[str, str], float] = {}
    for worker, quantity in ready:
        try:
            worker.ask(do="call", quantity=quantity)
            seconds = worker.ask(do="call", quantity=quantity)["seconds"]
        except Failed as failed:
            ended[worker.name][quantity] = str(failed)
        else:
            expected[worker.name, quantity] = seconds
            if seconds > limits.call:
                ended[worker.name][quantity] = f"a call took over {limits.call:g} s"
    times: dict[tuple[str, str], list[float]] = {key: [] for key in expected}
    for round_ in range(limits.effort.most):
        for worker, quantity in ready:
            key = (worker.name, quantity)
            if key not in expected:
                continue
            enough = round_ >= limits.effort.least
            if enough and sum(times[key]) > limits.effort.seconds:
                continue
            if times[key] and expected[key] > limits.call:
                continue  # the last point of a line, measured once
            calls = min(max(round(0.02 / expected[key]), 1), 10)
            try:
                answer = worker.ask(
                    do="time", quantity=quantity, expected=expected[key], calls=calls
                )
            except Failed as failed:
                ended[worker.name][quantity] = str(failed)
                del expected[key]
                continue
            times[key].append(answer["seconds"])
    for (name, quantity), seconds_list in times.items():
        if seconds_list:
            lines[name][quantity].append({"value": value, **summary(seconds_list)})


def exponent(points: Sequence[dict[str, Any]]) -> tuple[float, float, int] | None:
    """(slope, its standard error, points) of log time over log value, over the upper half.

    Small sizes are ruled by the cost of a call, so that only the upper half of the points (three
    at least) says how the work grows. None where there are fewer than three.

    Example:
        >>> slope, _, n = exponent([{"value": v, "median": v**2.0} for v in (1, 2, 4, 8, 16, 32)])
        >>> round(slope, 6), n
        (2.0, 3)
    """
    kept = list(points)[-max(3, len(points) // 2) :]
    if len(kept) < 3:
        return None
    x = [math.log(p["value"]) for p in kept]
    y = [math.log(p["median"]) for p in kept]
    n = len(kept)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    residual = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    return slope, math.sqrt(residual / (n - 2) / spread), n
