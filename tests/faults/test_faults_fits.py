"""A handful of what `make test-faults` does hundreds of times."""

from __future__ import annotations

import pytest

from faults.campaigns import disks, kill
from faults.forked import alone


def test_fits_that_are_killed_go_on() -> None:
    found = alone("faults.campaigns.kill:by_one", 2, 0)
    assert found["kills"] == 2
    assert found["refused"] == 0
    assert found["fits"] == found["equal"] >= 1
    assert all(line.kept for line in kill.lines(found, "one process"))


@pytest.mark.slow
def test_fits_by_two_that_are_killed_go_on() -> None:
    found = kill.by_two(2, 0)
    assert found["kills"] == 2
    assert found["refused"] == 0
    assert found["fits"] == found["equal"] >= 1


@pytest.mark.parametrize(
    "name", ["ENOSPC", *(pytest.param(n, marks=pytest.mark.slow) for n in ("EIO", "EROFS"))]
)
def test_a_disk_that_refuses(name: str) -> None:
    """At two or three calls of a fit's hundred."""
    assert name in disks.FAULTS
    found = alone("faults.campaigns.disks:at_every_call", name, 43)
    assert found["calls"] >= 2
    assert found["said"] + found["ended"] == found["calls"]
    assert found["tracebacks"] == found["debris"] == 0
    assert found["alike"] == found["resumed"] == found["calls"]
