"""Rows run from their listings, as a reader would run them, each once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

import pytest
import torch

import pushforward as pf
from pushforward.errors import DataError
from pushforward.lecture import ROWS, Row
from pushforward.lecture.row import Result

SMALLER = {  # what the fast tests put in place of a row's budget
    4: [("epochs=30", "epochs=8")],
    6: [("steps=1200", "steps=4")],
    7: [("epochs=30", "epochs=1"), ("sample(8000)", "sample(600)")],
    8: [("some_digits(64", "some_digits(16"), ("sample((16,))", "sample((4,))")],
    10: [("(1, 50, 5000)", "(1, 10, 40)"), ("range(50)", "range(5)")],
}


@pytest.fixture(scope="module", autouse=True)
def no_downloads() -> Iterator[None]:
    """The tests have no way to MNIST: the rows on digits show a flow's own.

    For each file, not for the session, in which others that read images may follow.
    """

    def refuse(*_: object, **__: object) -> None:
        raise DataError("MNIST cannot be had here.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pushforward.images.read_images", refuse)
        yield


BY_NUMBER = {row.number: row for row in ROWS}


def execute(row: Row, smaller: bool = True) -> Result:
    """Run what the page shows after the imports that the page names, and nothing else."""
    code = row.listing
    for old, new in SMALLER.get(row.number, []) if smaller else []:
        assert old in code
        code = code.replace(old, new)
    names = {"torch": torch, "math": math, "pf": pf}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exec(compile(code, f"row {row.number}", "exec"), names)
    return Result(**names)


@pytest.fixture(scope="session")
def row_of() -> Callable[[int], Row]:
    """The row of a number."""
    return BY_NUMBER.__getitem__


@pytest.fixture(scope="session")
def executed() -> Callable[..., Result]:
    """Runs a row's listing afresh."""
    return execute


@pytest.fixture(scope="session")
def result_of() -> Callable[[int], Result]:
    """The variables of a row's listing by its number, computed once."""
    return functools.cache(lambda number: execute(BY_NUMBER[number]))
