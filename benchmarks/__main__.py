"""Measure everything and write docs/benchmarks.json, the page and its plots.

Usage: python -m benchmarks [--quick | --trial] [--only PART …]

--quick prints one table and writes nothing. --trial runs every part with few repetitions, to see
that they work. --only tables, growth, start_up, scoring or checks measures these parts anew and
keeps the others as they are in docs/benchmarks.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from benchmarks import commands, machine, page, results, tables
from benchmarks.growth import AXES, Limits, grow
from benchmarks.interleave import table
from benchmarks.process import ROOT
from benchmarks.words import say
from benchmarks.work import ENTRIES, FULL, QUICK, TABLES, TINY, Case

LOG = ROOT / "build" / "bench.log"


@dataclass(frozen=True)
class Part:
    """A piece of the run: what it is called, about how long it takes, and what it stores."""

    group: str
    name: str
    minutes: float  # on two idle cores; only for the estimate of the time left
    measure: Callable[[dict[str, Any]], None]


def parts(trial: bool, log: IO[str]) -> list[Part]:
    """Everything that a run consists of, in order."""
    made: list[Part] = []
    for model, features in TABLES:
        case = Case(model, features)
        if trial:
            case = replace(case, eval_rows=512, sample_rows=64)
        minutes = 3.5 if case.model != "nsf-ar" else 4.0 if features < 64 else 7.0
        name = tables.title(case)
        made.append(Part("tables", name, minutes, table_part(case, trial, log)))
    for axis in AXES:
        for model in axis.models:
            made.append(
                Part(
                    "growth",
                    f"growth with {axis.name}, {model}",
                    2.5,
                    growth_part(axis, model, trial, log),
                )
            )
    made.append(Part("start_up", "--help and building", 0.7, start_up_part(trial)))
    made.append(Part("scoring", "scoring a CSV file", 2.5, scoring_part(trial)))
    made.append(Part("checks", "equal results, univariate maps", 2.0, checks))
    return made


def table_part(case: Case, trial: bool, log: IO[str]) -> Callable[[dict[str, Any]], None]:
    """Measure one case and put it in its place among the tables."""

    def measure(found: dict[str, Any]) -> None:
        names = [n for n in ENTRIES if not (trial and "compiled" in n)]
        measured = table(case, names, TINY if trial else FULL, log)
        others = [t for t in found.get("tables", []) if Case.of(t["case"]) != case]
        found["tables"] = sorted([*others, measured], key=place)

    return measure


def place(measured: dict[str, Any]) -> int:
    """Where a table stands on the page."""
    case = Case.of(measured["case"])
    return TABLES.index((case.model, case.features))


def growth_part(
    axis: Any, model: str, trial: bool, log: IO[str]
) -> Callable[[dict[str, Any]], None]:
    """Measure one axis for one model."""

    def measure(found: dict[str, Any]) -> None:
        limits = Limits(call=0.3, effort=TINY) if trial else Limits()
        found.setdefault("growth", []).append(grow(axis, model, log, limits))

    return measure


def start_up_part(trial: bool) -> Callable[[dict[str, Any]], None]:
    """--help and building."""

    def measure(found: dict[str, Any]) -> None:
        found["start_up"] = commands.start_up(1 if trial else 7)

    return measure


def scoring_part(trial: bool) -> Callable[[dict[str, Any]], None]:
    """A CSV file of a million rows."""

    def measure(found: dict[str, Any]) -> None:
        found["scoring"] = commands.scoring(20_000 if trial else 1_000_000, 1 if trial else 5)

    return measure


def checks(found: dict[str, Any]) -> None:
    """What the product computes, beside itself and its peers."""
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.checks"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found.update(json.loads(finished.stdout))


def run(only: list[str], again: list[str], trial: bool, log: IO[str]) -> None:
    """Measure, storing after each part, then write the page."""
    found: dict[str, Any] = {}
    if (only or again) and results.PATH.exists():
        kept = results.load()
        found = {k: v for k, v in kept.items() if k not in (*only, "failed")}
    found |= {"machine": machine.describe(), "trial": trial}
    everything = not only and not again
    titles = [tables.title(Case(model, int(features))) for model, features in map(split, again)]
    due = [p for p in parts(trial, log) if everything or p.group in only or p.name in titles]
    total, done, started = sum(p.minutes for p in due), 0.0, time.monotonic()
    for part in due:
        spent = (time.monotonic() - started) / 60
        pace = spent / done if done else 1.0  # how this machine compares with the guess
        left = "" if trial else f", about {(total - done) * pace:.0f} min left"
        say(f"[{spent:5.1f} min{left}] {part.name}")
        try:
            part.measure(found)
        except Exception as error:  # the other parts are worth their hour all the same
            traceback.print_exc()
            found.setdefault("failed", {})[part.name] = f"{type(error).__name__}: {error}"[:300]
        results.store(found)
        done += part.minutes
    page.write()
    say(f"Wrote docs/benchmarks.md in {(time.monotonic() - started) / 60:.1f} min.")


def split(name: str) -> tuple[str, str]:
    """nsf-ar-16 -> nsf-ar, 16."""
    model, _, features = name.rpartition("-")
    return model, features


def quick(log: IO[str]) -> None:
    """One table, printed."""
    say("One table; a few minutes, most of them for the compilers.")
    measured = table(Case("nsf-c", 16), ENTRIES, QUICK, log)
    sys.stdout.write(tables.of_case(measured) + "\n")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one table, printed")
    parser.add_argument("--trial", action="store_true", help="every part, few repetitions")
    groups = ("tables", "growth", "start_up", "scoring", "checks")
    parser.add_argument(
        "--only", nargs="+", choices=groups, default=[], help="parts to measure anew"
    )
    every = [f"{model}-{features}" for model, features in TABLES]
    parser.add_argument(
        "--table", nargs="+", choices=every, default=[], help="tables to measure anew"
    )
    arguments = parser.parse_args()
    Path(LOG).parent.mkdir(exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:
        if arguments.quick:
            quick(log)
        else:
            run(arguments.only, arguments.table, arguments.trial, log)


if __name__ == "__main__":
    main()
