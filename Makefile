# make report, make app, make test, make lab: each makes .venv and installs what it needs.
# docs/usage.md has the same commands for machines without make.
PYTHON ?= python3
VENV ?= .venv
EXPERIMENT ?= experiments/sample.yaml
DATA_ROOT ?=
RUNS ?= runs
CONSTRAINTS ?= constraints.txt
BIN = $(VENV)/bin
# A process for each core, at most four because of the memory; the tests of a file stay together,
# since they share their fixtures.
PARALLEL = -n auto --maxprocesses 4 --dist loadfile

# The tests of code that needs no training.
QUICK = tests/data tests/evaluation tests/plots tests/utils tests/notebook/test_setup.py tests/test_config.py

.PHONY: report app code check test test-long test-colab-versions coverage lab owner clean

report: $(VENV)/.installed
	$(BIN)/python -m siamese_lib report --experiment "$(EXPERIMENT)" --data-root "$(DATA_ROOT)" --runs "$(RUNS)"

app: $(VENV)/.installed
	$(BIN)/python -m siamese_lib app

code: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: code
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long and not notebook and not training" $(QUICK)

test: code
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long" --durations=25

# Slow: the full report on the sample, kills and fuzzing by the thousands, all tests with Colab's versions.
test-long: $(VENV)/.installed
	$(BIN)/python -m pytest -q -m long
	$(MAKE) test-colab-versions

test-colab-versions:
	$(MAKE) VENV=.venv-colab CONSTRAINTS=tests/constraints-colab.txt .venv-colab/.installed
	.venv-colab/bin/python -m pytest -q $(PARALLEL) -m "not long"

# Branch coverage of the ordinary tests, without the processes that they start; no threshold.
coverage: $(VENV)/.installed
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long" --cov=siamese_lib --cov-branch --cov-report=term-missing:skip-covered

lab: $(VENV)/.installed
	$(BIN)/jupyter lab notebooks

$(VENV)/.installed: requirements.txt $(CONSTRAINTS) pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[dev]" -c $(CONSTRAINTS)
	touch $@

# Writes your GitHub account into the Colab badges and clone addresses: make owner OWNER=name
ADDRESSES = README.md colab_setup.ipynb $(wildcard docs/*.md notebooks/*.ipynb report/*/*.ipynb report/*/*.html)
owner:
	@case "$(OWNER)" in ""|*[!A-Za-z0-9-]*) echo "Give your GitHub account: make owner OWNER=name. Received: '$(OWNER)'" >&2; exit 2;; esac
	sed -i.bak -E 's#(github(\.com)?/)[A-Za-z0-9-]+/one-shot-face-verification#\1$(OWNER)/one-shot-face-verification#g' $(ADDRESSES)
	rm -f $(ADDRESSES:=.bak)

clean:
	rm -rf .venv .venv-colab
