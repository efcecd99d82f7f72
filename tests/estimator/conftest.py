"""A clock that counts, so that a fit with a time budget takes the same steps each time."""

import itertools
import time

import pytest

TICK = 2.0**-10  # seconds between two questions for the time; exact, so that no sum is rounded


@pytest.fixture(autouse=True)
def counting_clock(monkeypatch):
    """Each question for the time moves it on by one tick, whatever the machine is doing."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: TICK * next(ticks))
