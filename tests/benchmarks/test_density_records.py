"""The density benchmark goes on where it was, and compares row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.density import summary
from benchmarks.density.plan import FLOWS, FULL, METHODS, SAME, TRUTH, Job, jobs
from benchmarks.density.records import Records, difference
from benchmarks.words import names

MACHINE = {"cpu": "one", "threads": 1}


def outcome(nats: float, seconds: float = 1.0) -> dict[str, Any]:
    """What a run gives back."""
    return {"nats": nats, "outside": 0, "seconds": seconds}


def run(records: Records, job: Job, density: np.ndarray, seconds: float = 1.0) -> None:
    """Record a run with its log densities."""
    records.folder.mkdir(exist_ok=True)
    np.save(records.rows(job), density)
    records.add(job, outcome(float(density.mean()), seconds), MACHINE)


def test_a_recorded_run_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "density.json"
    first, second = Job("magic", 0, "mixture"), Job("magic", 1, "mixture")
    Records(path).add(first, outcome(-5.0), MACHINE)
    later = Records(path)  # as a second invocation finds it
    assert later.has(first)
    assert not later.has(second)
    later.add(second, outcome(-5.1), MACHINE)
    found = json.loads(path.read_text())
    assert [r["seed"] for r in found["runs"]] == [0, 1]
    assert found["machines"] == [MACHINE]
    assert not list(tmp_path.glob(".density*"))  # no half of a file is left


def test_a_failed_run_is_recorded_and_tried_again(tmp_path: Path) -> None:
    records, job = Records(tmp_path / "density.json"), Job("gaia", 0, "vine")
    records.add(job, {"error": "ValueError: no"}, MACHINE)
    assert not records.has(job)
    assert summary.lines(records.read(), "gaia")[0].remarks == ["seed 0 failed: ValueError: no"]
    records.add(job, outcome(1.0), MACHINE)
    assert records.has(job)
    assert len(records.read()["runs"]) == 1


def test_the_order_is_seed_by_seed() -> None:
    order = list(jobs(["magic", "twonorm"], [0, 1], ["Gaussian", TRUTH]))
    assert order[:3] == [
        Job("magic", 0, "Gaussian"),
        Job("twonorm", 0, "Gaussian"),
        Job("twonorm", 0, TRUTH),  # which magic has not
    ]
    assert [job.seed for job in order] == [0, 0, 0, 1, 1, 1]


def test_paired_errors_are_those_of_differences() -> None:
    rng = np.random.default_rng(0)
    common = 10 * rng.normal(size=400)  # what is hard about a row is hard for both
    noise = 0.1 * rng.normal(size=400)
    mean, error = difference(common + 0.5 + noise, common)
    assert mean == pytest.approx(0.5 + noise.mean())
    assert error == pytest.approx(noise.std(ddof=1) / 20)
    assert error < 0.01  # and not 10 √2 / 20


def test_every_product_row_is_paired_with_every_peer(tmp_path: Path) -> None:
    records = Records(tmp_path / "density.json")
    ours, theirs = np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 1.0])
    run(records, Job("magic", 0, FULL), ours)
    assert records.read()["paired"] == []
    run(records, Job("magic", 0, "mixture"), theirs)
    run(records, Job("magic", 1, FULL), ours - 1)
    run(records, Job("magic", 1, "mixture"), theirs)
    for file in records.folder.iterdir():  # what is known stays known without them
        file.unlink()
    run(records, Job("magic", 0, "kernel"), theirs)
    paired = records.read()["paired"]
    assert [(p["seed"], p["against"]) for p in paired] == [(1, "mixture"), (0, "mixture")]
    assert paired[1]["nats"] == pytest.approx(5 / 3)
    assert paired[1]["error"] == pytest.approx(2 / 3)
    mean, error, splits = summary.gap(records.read(), "magic", FULL, "mixture") or (0, 0, 0)
    assert (mean, splits) == (pytest.approx(5 / 3 - 0.5), 2)
    assert error == pytest.approx(2 / 3 / np.sqrt(2))


def test_the_same_time_is_the_best_flows(tmp_path: Path) -> None:
    records = Records(tmp_path / "density.json")
    for k, flow in enumerate(FLOWS):
        assert records.budget("magic", 0) is None  # one of them may be better yet
        records.add(Job("magic", 0, flow), outcome(-5.0 - (k - 1) ** 2, 10.0 + k), MACHINE)
    records.add(Job("magic", 0, "mixture"), outcome(9.0, 1.0), MACHINE)  # no flow
    assert records.budget("magic", 0) == 11.0
    assert records.budget("magic", 1) is None


def test_the_best_has_all_splits(tmp_path: Path) -> None:
    records = Records(tmp_path / "density.json")
    for seed in (0, 1):
        records.add(Job("gaia", seed, "mixture"), outcome(-1.0), MACHINE)
    records.add(Job("gaia", 0, "vine"), outcome(-0.5), MACHINE)
    records.add(Job("gaia", 0, FULL), outcome(3.0), MACHINE)
    best = summary.best(summary.lines(records.read(), "gaia"))
    assert best is not None
    assert best.method == "mixture"


def test_names_may_hold_spaces_and_must_be_known() -> None:
    assert names(f"{SAME},mixture", METHODS, "method") == ["mixture", SAME]
    assert names(",".join(METHODS), METHODS, "method") == list(METHODS)
    with pytest.raises(SystemExit, match="magik: no such table"):
        names("magik,gaia", ("magic", "gaia"), "table")
