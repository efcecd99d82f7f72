"""Makers of synthetic tables of mixed types, as they come, on the same rows of two real tables.

`python -m benchmarks.mixed` measures what docs/mixed.json lacks, each run in a process of its own,
and writes docs/mixed.md and its figure. It needs the environment that `make bench-mixed` sets up.
Never part of the CI: a time is a figure of a machine, not a property of the code.
"""
