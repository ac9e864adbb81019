# make run     sets everything up and serves the product; ARGS="--at 2026-11-23T08:00+08:00 --speed 600" simulates time
# make test    sets up and passes every test; ARGS="tests/pure -x" chooses
# make check   linters and types     make format   writes them right
# make faults  breaks the running product at random and checks it from outside; SEED=… ROUNDS=20 repeats and bounds
# make bench   measures intake, whole lives and pages at the size of a city, within half an hour; ARGS="--large 100000"
# make screenshots  draws the pictures of docs/tour.md anew; needs Chromium
# make lock    pins the newest allowed versions     make clean   removes what was built, never the data

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TEMPLATES = service/web/templates
ARGS ?=
SEED ?=
ROUNDS ?= 20
LOOK = tests/browser
TIMED = beat channels embedded live product several_machines storm supervisor up what_if_migration
ALONE = tests/bench tests/journeys $(TIMED:%=tests/faults/test_%.py)

# A process that may not keep what it compiled compiles all it imports at every start: three seconds of each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test faults bench screenshots check format lock clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	@exec $(BIN)/python -m service.cli up $(ARGS)

# What starts the product and watches the clock on the wall has the machine for itself; the rest goes side by side.
# Two browsers, each at a product of its own: a page is drawn while the other product answers.
test: $(VENV)/.installed-dev
ifeq ($(ARGS),)
	@failed=0; \
	$(BIN)/python -m pytest -n logical --dist loadfile $(LOOK:%=--ignore=%) $(ALONE:%=--ignore=%) || failed=1; \
	$(BIN)/python -m pytest -n 2 --durations=10 $(LOOK) || failed=1; \
	$(BIN)/python -m pytest --durations=10 $(ALONE) || failed=1; \
	exit $$failed
else
	$(BIN)/python -m pytest $(ARGS)
endif

faults: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.faults.storm $(if $(SEED),--seed $(SEED)) --rounds $(ROUNDS)

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.browser.tour

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint $(TEMPLATES) --lint --quiet

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock is complete, so nothing is resolved; what is imported is compiled at its first use.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps
PROJECT = $(INSTALL) --no-build-isolation --editable .

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Jiban needs into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(PROJECT)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Jiban and its tests need into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@$(PROJECT)
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Jiban needs Python 3.11 or newer. Name one with: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

# setuptools is pinned beside the dependencies: it installs the project itself.
COMPILE = build/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --upgrade

lock:
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet --disable-pip-version-check uv
	echo "setuptools>=77" | $(COMPILE) pyproject.toml - --output-file requirements.txt
	echo "setuptools>=77" | $(COMPILE) pyproject.toml - --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	@rm -rf build/lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
