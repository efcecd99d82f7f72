"""A run in a process of its own: its last line, its last words, and its end."""

from __future__ import annotations

import pytest

from benchmarks import runner
from benchmarks.process import Failed


def test_the_last_line_is_given() -> None:
    week = runner.run("calendar", ["2013", "2"], threads=1, patience=600)
    assert week.split() == ["25", "26", "27", "28"]


def test_the_last_words_of_a_failure() -> None:
    with pytest.raises(Failed, match=r"No module named benchmarks\.nothing"):
        runner.run("benchmarks.nothing", [], threads=1, patience=600)


def test_what_takes_too_long_is_ended() -> None:
    endless = ["-n", "1000000000000", "pass"]
    with pytest.raises(Failed, match=r"not done within 1 s of the processor"):
        runner.run("timeit", endless, threads=1, patience=600, processor=1)
    with pytest.raises(Failed, match=r"not done within 1 s$"):
        runner.run("timeit", endless, threads=1, patience=1)


def test_threads_are_limited_for_every_library() -> None:
    found = runner.environment(3)
    assert {found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"], found["NPROC"]} == {"3"}
    assert "xla_cpu_multi_thread_eigen=false" in runner.environment(1)["XLA_FLAGS"]
