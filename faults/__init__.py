"""Faults on purpose: what the package does when disks, files, processes and clients misbehave.

Every campaign (one file in `campaigns`) does the same thing many times and counts what came of it.
`python -m faults` runs them all, which takes hours, and writes `docs/reliability.md`; the tests in
`tests/faults` call the same functions a handful of times.
"""
