"""A clock that counts, so that a fit with a time budget takes the same steps each time."""

import itertools
import time

import pytest

TICK = 1e-3  # seconds between one question for the time and the next


@pytest.fixture(autouse=True)
def counting_clock(monkeypatch):
    """Each question for the time moves it on by one tick, whatever the machine is doing."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: TICK * next(ticks))
