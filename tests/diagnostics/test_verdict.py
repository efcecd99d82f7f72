"""The verdict itself on trial: faults made on purpose must be named, truths must pass.

The cases are in `faulty.py`; 1,500 held-out and 2,000 training rows of four columns. A fault counts
as named where it is the first of those found.

Measured over 40 seeds (0 to 39): every truth passed 40 of 40 times, with three times "yes"; every
fault was named 40 of 40 times.
"""

from __future__ import annotations

import pytest

import faulty
import pushforward as pf
from pushforward.diagnostics import Diagnosis

RUNS, ENOUGH = 40, 38


def verdict(make, seed: int) -> Diagnosis:
    case = faulty.made(make, seed)
    return pf.diagnose(case.flow, case.heldout, train=case.train, seed=seed)


@pytest.mark.parametrize("name", faulty.TRUE)
def test_the_truth_passes(name: str) -> None:
    """Would fail by chance for at most one other seed in a hundred: the level of all questions."""
    found = verdict(faulty.TRUE[name], 100)
    assert found.passed, found
    assert [answer.answer for answer in found.answers] == ["yes", "yes", "yes"]


@pytest.mark.parametrize("name", faulty.FAULTY)
def test_a_fault_is_named(name: str) -> None:
    """Would fail for other seeds as often as the rates above are missed: below one in twenty."""
    fault, make = faulty.FAULTY[name]
    for seed in (100, 101):
        found = verdict(make, seed)
        assert found.faults[0].name == fault, found
        assert "no" in [answer.answer for answer in found.answers]


@pytest.mark.slow
@pytest.mark.parametrize("name", faulty.TRUE)
def test_the_truth_passes_in_38_of_40_runs(name: str) -> None:
    """A verdict that passes 99% of truths would fail this for one set of seeds in 130."""
    found = [verdict(faulty.TRUE[name], seed) for seed in range(RUNS)]
    assert sum(one.passed for one in found) >= ENOUGH
    assert sum(all(a.answer == "yes" for a in one.answers) for one in found) >= ENOUGH


@pytest.mark.slow
@pytest.mark.parametrize("name", faulty.FAULTY)
def test_a_fault_is_named_in_38_of_40_runs(name: str) -> None:
    """A verdict that names 99% of faults would fail this for one set of seeds in 130."""
    fault, make = faulty.FAULTY[name]
    found = [verdict(make, seed) for seed in range(RUNS)]
    assert sum(bool(one.faults) and one.faults[0].name == fault for one in found) >= ENOUGH
