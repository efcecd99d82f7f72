"""The page of the density benchmark says what the records say."""

from __future__ import annotations

from typing import Any

from benchmarks.density.page import page
from benchmarks.density.plan import FULL


def records() -> dict[str, Any]:
    """Three methods on one table, one of which failed."""
    machine = {
        "cpu": "A processor",
        "cores": 2,
        "threads": 1,
        "memory_gib": 8,
        "system": "Linux",
        "python": "3.11",
        "versions": {"torch": "2"},
    }
    common = {"table": "magic", "seed": 0, "date": "2026-01-01", "machine": 0, "outside": 0}
    return {
        "machines": [machine],
        "runs": [
            {**common, "method": "mixture", "nats": -5.1, "seconds": 8.0},
            {**common, "method": "vine", "error": "ValueError: no"},
            {**common, "method": "kernel", "nats": None, "outside": 3, "seconds": 1.0},
            {**common, "method": FULL, "nats": -4.0, "seconds": 300.0},
            {**common, "method": FULL, "seed": 1, "nats": -4.2, "seconds": 310.0},
        ],
        "paired": [
            {
                "table": "magic",
                "seed": 0,
                "method": FULL,
                "against": "mixture",
                "nats": 1.1,
                "error": 0.02,
            }
        ],
    }


def test_the_best_is_bold_and_failures_are_named() -> None:
    text = page(records())
    assert "| **pushforward** | **-4.100 ± 0.141** | **305 ± 7.1** |" in text
    assert "| mixture | -5.100 | 8.00 |" in text
    assert "- vine: seed 0 failed: ValueError: no." in text
    assert "- kernel: seed 0: density zero at 3 test rows." in text
    assert "- pushforward less mixture: +1.100 ± 0.020 nats, paired, one split." in text
    assert "| magic | mixture | -5.100 | 8.00 | – | +1.100 ± 0.020 |" in text


def test_an_empty_record_is_a_page() -> None:
    assert "Measured never" in page({"machines": [], "runs": [], "paired": []})
