"""The page of the mixed tables says what the records say."""

from __future__ import annotations

from typing import Any

from benchmarks.mixed.page import page
from benchmarks.mixed.plan import METHODS, REAL, jobs
from benchmarks.mixed.summary import lines

MACHINE = {
    "cpu": "A processor",
    "cores": 2,
    "threads": 1,
    "memory_gib": 8,
    "system": "Linux",
    "python": "3.11",
    "versions": {"torch": "2"},
}


def run(method: str, **measures: Any) -> dict[str, Any]:
    """A record of one run on diamonds."""
    judged = {
        "quality": 0.9123,
        "shapes": 0.95,
        "pairs": 0.8746,
        "within": 0.975,
        "quality_spread": 0.0104,
        "utility": 0.875,
        "near_train": 0.5,
        "near_test": 0.51,
        "copies_train": 0.0123,
        "processor_seconds": 1234.5,
        "sampling_processor_seconds": 1.5,
        "nats": None,
    }
    place = {"table": "diamonds", "seed": 0, "method": method, "date": "2026-01-01", "machine": 0}
    return {**place, **judged, **measures}


def records() -> dict[str, Any]:
    """A method without density, one with, one with impossible rows, one that failed, the reach."""
    failed = {"table": "diamonds", "seed": 0, "method": "SPFlow", "date": "2026-01-01"}
    return {
        "machines": [MACHINE],
        "runs": [
            run("CTGAN"),
            run("GaussianCopula", nats=None, outside=7, median_nats=-40.0),
            run("arfpy", nats=-30.25, outside=0, median_nats=-29.5),
            {**failed, "error": "not done within 2400 s of the processor"},
            run(REAL, quality=0.96),
        ],
    }


def test_a_method_with_a_density() -> None:
    scores = "| 0.912 ± 0.010 | 0.950 | 0.875 | 0.975 | 0.875 |"
    cells = f"| -30.25 | -29.50 {scores} 0.500 | 0.510 | 1.23 % |"
    assert f"| arfpy {cells} 1,234 | 1.50 |" in page(records())


def test_a_method_without_one_has_dashes_and_zero_probability_is_counted() -> None:
    text = page(records())
    assert "| CTGAN | – | – | 0.912 ± 0.010 |" in text
    assert "| GaussianCopula | −∞ | -40.00 | 0.912 ± 0.010 |" in text
    assert "- GaussianCopula: seed 0: 7 test rows have the probability 0." in text


def test_a_median_row_of_probability_zero() -> None:
    found = records()
    found["runs"][1] |= {"median_nats": None}
    assert "| GaussianCopula | −∞ | −∞ | 0.912 ± 0.010 |" in page(found)


def test_a_failure_is_named_and_real_rows_have_no_copies() -> None:
    text = page(records())
    assert "- SPFlow: seed 0 failed: not done within 2400 s of the processor." in text
    reach = next(line for line in text.splitlines() if line.startswith(f"| {REAL} |"))
    assert reach.endswith("| 0.510 | – | – | – |")


def test_a_mean_over_seeds_needs_all_of_them() -> None:
    found = records()
    found["runs"].append({**run("arfpy", nats=-31.25, outside=0), "seed": 1})
    line = next(line for line in lines(found, "diamonds") if line.method == "arfpy")
    assert line.mean("nats") == -30.75
    assert line.mean("median_nats") is None


def test_an_empty_record_is_a_page() -> None:
    assert "Measured never" in page({"machines": [], "runs": []})


def test_every_method_is_run_on_a_table_before_the_next_table() -> None:
    order = list(jobs(["diamonds", "nycflights"], [0], METHODS))
    assert [job.method for job in order[: len(METHODS)]] == list(METHODS)
    assert {job.table for job in order[: len(METHODS)]} == {"diamonds"}
