# Every target sets up what it needs, says so, and is quick the second time.
# Another Python:  make demo PYTHON=python3.12

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# One thread for each linear-algebra library: pytest already keeps both cores busy.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# More options for pytest, e.g.  make test PYTEST_ARGS="-k lift -x"
PYTEST_ARGS ?=
COVERAGE := --cov --cov-report=term --cov-fail-under=95

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test databases browser lint format format-check types doctest check truth bench-fit bench-quarter bench-scale gallery docs notebook lock clean

help: ## list these targets
	@echo "calibrate: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.base ## score a simulated company and write its report (calibrate-demo/)
	@echo "== demo: scoring a simulated company"
	@$(BIN)/calibrate demo

test: $(VENV)/.dev ## run all tests on two processes, with branch coverage (at least 95 %)
	@echo "== test: pytest"
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(COVERAGE) $(PYTEST_ARGS)

databases: ## install PostgreSQL and Java 17 for the tests of engines (apt-get, root or sudo)
	@bash tests/set_up_engines.sh --install

browser: ## install Chromium for the tests of pages (apt-get, root or sudo)
	@bash tests/set_up_browser.sh --install

lint: $(VENV)/.dev ## ruff: style, docstrings, complexity, security
	@echo "== lint: ruff check"
	@$(BIN)/ruff check .

format: $(VENV)/.dev ## rewrite the code in the house format
	@$(BIN)/ruff format .

format-check: $(VENV)/.dev ## say whether the code is in the house format
	@echo "== format-check: ruff format --check"
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict
	@echo "== types: mypy --strict"
	@$(BIN)/mypy

doctest: $(VENV)/.dev ## run the examples in the docstrings, in README.md and in docs
	@echo "== doctest: modules, README and docs"
	@$(BIN)/python -m pytest -n 2 --dist worksteal --doctest-modules --doctest-glob="*.md" calibrate README.md docs

check: lint format-check types doctest test ## everything that must pass before a change is taken

truth: $(VENV)/.dev ## prove the statistics by simulation, about an hour (benchmarks/truth.md)
	@echo "== truth: coverage, lag, null company, leaks"
	@$(BIN)/python -m benchmarks.truth

bench-fit: $(VENV)/.base ## measure the card against its marks and peers (benchmarks/fit.md)
	@echo "== bench-fit: test AUC, small quarters, permuted outcomes, time and memory"
	@$(BIN)/python -m benchmarks.fit

bench-quarter: $(VENV)/.base ## ask the quarter's script what it must say (benchmarks/quarter.md)
	@echo "== bench-quarter: a planted change, and public tables"
	@$(BIN)/python -m benchmarks.quarter

bench-scale: $(VENV)/.base ## measure what size costs, in times of reading the data (benchmarks/scale.md)
	@echo "== bench-scale: reading, the whole run, ten times as much, scoring, start-up"
	@$(BIN)/python -m benchmarks.scale

gallery: $(VENV)/.base ## draw every plot from the simulated company (docs/gallery.md)
	@echo "== gallery: docs/gallery.md"
	@$(BIN)/python docs/make_gallery.py

docs: $(VENV)/.docs ## build the site of docs/ into site/, every link checked
	@echo "== docs: mkdocs build --strict"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

notebook: $(VENV)/.notebook ## open the notebooks in Jupyter
	@$(BIN)/jupyter lab notebooks

lock: $(VENV)/.notebook ## write the installed versions to requirements.lock
	@$(BIN)/python -m pip freeze --exclude-editable \
	  | awk -F '==' '{ gsub(/[_.]/, "-", $$1); print tolower($$1) "==" $$2 }' > requirements.lock
	@echo "== lock: requirements.lock written"

clean: ## remove everything these targets made
	rm -rf $(VENV) .bench build dist site *.egg-info .coverage .coverage.* htmlcov calibrate-demo
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find calibrate tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: a stamp file for each set of packages -------------------------------------

$(VENV)/.python:
	@echo "== set-up: virtual environment in $(VENV) ($$($(PYTHON) --version 2>&1))"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "calibrate needs Python 3.11 or later; try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "no virtual environment: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.base: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== set-up: installing calibrate (one to two minutes the first time)"
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== set-up: installing calibrate with the test and lint tools (about two minutes)"
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[dev]"
	@touch $(VENV)/.base $@

$(VENV)/.docs: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== set-up: installing calibrate with the tools for tests and for the site (about two minutes)"
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[dev,docs]"
	@touch $(VENV)/.base $(VENV)/.dev $@

$(VENV)/.notebook: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== set-up: installing calibrate with the test tools and Jupyter (about two minutes)"
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[dev,notebook]"
	@touch $(VENV)/.base $(VENV)/.dev $@
