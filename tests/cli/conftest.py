"""The command line called in this process, small tables on disk, and models fitted to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import tiny
from pushforward.cli.app import run


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def pushforward(capsys) -> Command:
    """Run `pushforward …` and give its exit code and what it said."""

    def command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return command


@pytest.fixture
def refused(pushforward) -> Callable[..., str]:
    """Run a command that must be refused: exit code 2, and one line that matches on its error."""

    def command(message: str, *arguments: object) -> str:
        code, out, err = pushforward(*arguments)
        assert (code, out) == (2, "")
        line, end, rest = err.partition("\n")
        assert (end, rest) == ("\n", "")
        assert line.startswith("pushforward: ")
        assert line.isprintable()
        assert re.search(message, line), line
        return line

    return command


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Path:
    """A folder with a table, `t.csv`, and three models of it."""
    folder = tmp_path_factory.mktemp("shelf")
    table = tiny.write_csv(folder / "t.csv", tiny.columns())
    models = {"plain": (), "pair": ("--columns", "a,b"), "given": ("--context", "c")}
    for name, more in models.items():
        assert run(["fit", str(table), "-o", str(folder / name), *tiny.QUICK, *more]) == 0
    return folder


@pytest.fixture
def table(shelf) -> Path:
    return shelf / "t.csv"


@pytest.fixture
def plain(shelf) -> Path:
    """A model of a, b and c."""
    return shelf / "plain"


@pytest.fixture
def pair(shelf) -> Path:
    """A model of a and b."""
    return shelf / "pair"


@pytest.fixture
def given(shelf) -> Path:
    """A model of a and b given c."""
    return shelf / "given"
