"""Density estimators with their defaults on the same rows of real tables: nats and seconds.

`python -m benchmarks.density` measures what docs/density.json lacks, each run in a process of its
own, and writes docs/density.md and its figure. It needs the environment that `make bench-tables`
sets up. Never part of the CI: a time is a figure of a machine, not a property of the code.
"""
