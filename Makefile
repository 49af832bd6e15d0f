# make report · make test · make lab: each makes .venv and installs what it needs. See README.md for machines without make.
PYTHON ?= python3
VENV ?= .venv
EXPERIMENT ?= experiments/sample.yaml
DATA_ROOT ?=
RUNS ?= runs
CONSTRAINTS ?= constraints.txt
BIN = $(VENV)/bin
# A process a core, at most four for the memory's sake; the tests of a file stay together, since they share what was built for them.
PARALLEL = -n auto --maxprocesses 4 --dist loadfile

.PHONY: report test test-long test-colab-versions coverage lab clean

report: $(VENV)/.installed
	$(BIN)/python -m siamese_lib report --experiment "$(EXPERIMENT)" --data-root "$(DATA_ROOT)" --runs "$(RUNS)"

test: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long" --durations=5

# Takes long: the full report on the sample, kills and fuzzing by the thousands, and all tests with the versions that Colab has.
test-long: $(VENV)/.installed
	$(BIN)/python -m pytest -q -m long
	$(MAKE) test-colab-versions

test-colab-versions:
	$(MAKE) VENV=.venv-colab CONSTRAINTS=constraints-colab.txt .venv-colab/.installed
	.venv-colab/bin/python -m pytest -q $(PARALLEL) -m "not long"

# The branches of the library that the ordinary tests go through, processes that they start left out; for a look, no threshold.
coverage: $(VENV)/.installed
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long" --cov=siamese_lib --cov-branch --cov-report=term-missing:skip-covered

lab: $(VENV)/.installed
	$(BIN)/jupyter lab notebooks

$(VENV)/.installed: requirements.txt requirements-photos.txt requirements-ray.txt requirements-dev.txt $(CONSTRAINTS) pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

clean:
	rm -rf .venv .venv-colab
