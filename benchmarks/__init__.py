"""Pushforward beside its peers: the same work, interleaved in one run, each entry checked.

`python -m benchmarks` measures everything and writes docs/benchmarks.json; `python -m
benchmarks.page` makes the page and the plots from it. Both need the environment that `make bench`
sets up. Never part of the CI: a time is a figure of a machine, not a property of the code.
"""
