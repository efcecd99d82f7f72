# Everything a person or the CI needs: each target sets up .venv first, where it is not yet there.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
BENCH  := .venv-bench
MIXED  := .venv-mixed
FAULTS := .venv-faults

.PHONY: demo test test-all doctest lint types format picture lecture-table bench bench-quick bench-tables bench-mixed bench-posteriors test-faults clean

$(READY): pyproject.toml constraints.txt $(wildcard src/pushforward/kernels/*.?pp)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(READY)  ## fit a flow to 60,000 stars, score, sample, and write a report
	mkdir -p demo
	$(BIN)/pushforward data get gaia --rows 60000 -o demo/gaia.parquet --force
	$(BIN)/pushforward fit demo/gaia.parquet -o demo/model --time-budget 75s --force
	$(BIN)/pushforward score demo/model demo/gaia.parquet -o demo/scores.csv --force
	$(BIN)/pushforward sample demo/model -n 10000 -o demo/samples.csv --force
	$(BIN)/pushforward report demo/model demo/gaia.parquet -o demo/report.html --force

test: $(READY)  ## the tests that run in minutes
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal -m "not slow" tests

test-all: $(READY)  ## those and the slow ones
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal tests

doctest: $(READY)  ## the examples in the docstrings
	OMP_NUM_THREADS=1 $(BIN)/pytest -q --doctest-modules src

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

picture: $(READY)  ## the README's picture, anew
	$(BIN)/python docs/picture.py

lecture-table: $(READY)  ## five families against U1 to U4, about an hour; goes on where it was
	OMP_NUM_THREADS=1 $(BIN)/python -m pushforward.lecture.table -o docs/lecture-table.csv

$(BENCH)/.ready: pyproject.toml benchmarks/requirements.txt benchmarks/constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --constraint benchmarks/constraints.txt \
		--requirement benchmarks/requirements.txt --editable .
	touch $@

bench: $(BENCH)/.ready  ## beside the peers, on a quiet machine: docs/benchmarks.md, under an hour
	$(BENCH)/bin/python -m benchmarks

bench-posteriors: $(READY)  ## untuned fits of exact posteriors, told apart or not; a quarter hour
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.posteriors

bench-quick: $(BENCH)/.ready  ## one table of it, printed
	$(BENCH)/bin/python -m benchmarks --quick

bench-tables: $(BENCH)/.ready  ## densities of real tables beside the peers, hours; goes on where it was
	$(BENCH)/bin/python -m benchmarks.density

$(MIXED)/.ready: pyproject.toml benchmarks/requirements-mixed.txt benchmarks/constraints-mixed.txt
	$(PYTHON) -m venv $(MIXED)
	$(MIXED)/bin/pip install --quiet --constraint benchmarks/constraints-mixed.txt \
		--requirement benchmarks/requirements-mixed.txt --editable .
	touch $@

bench-mixed: $(MIXED)/.ready  ## makers of synthetic tables of mixed types, hours; goes on where it was
	$(MIXED)/bin/python -m benchmarks.mixed

$(FAULTS)/.ready: pyproject.toml constraints.txt faults/requirements.txt
	$(PYTHON) -m venv $(FAULTS)
	$(FAULTS)/bin/pip install --quiet --constraint constraints.txt \
		--requirement faults/requirements.txt --editable '.[dev]'
	touch $@

test-faults: $(FAULTS)/.ready  ## kill, starve, damage and attack it, for hours: docs/reliability.md
	OMP_NUM_THREADS=1 $(FAULTS)/bin/python -m faults

clean:
	rm -rf $(VENV) $(BENCH) $(MIXED) $(FAULTS) demo build
