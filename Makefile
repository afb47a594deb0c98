# The one command surface. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
# The models the tests read, and where they are kept (a folder that survives `make clean`).
STUDIOLO_TEST_HOME ?= $(CURDIR)/.cache/home
TEST_MODELS ?= smollm2-135m multilingual-e5-small en-core-web-sm lac
SUITE ?=
DATA ?=
SCENARIO ?=
export STUDIOLO_TEST_HOME
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test app lint types bench soak screenshots lock clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 20

setup:  ## build .venv with the locked versions (does nothing when nothing changed)
	@$(PYTHON) packaging/setup_venv.py

demo: setup  ## pull small models, add the sample documents, answer three questions
	@$(BIN)/python packaging/demo.py

app: setup  ## open the window
	@$(BIN)/python -m studiolo_desktop

test: setup lint types  ## everything that must hold: lint, types, contracts, licences, tests, a short soak
	$(BIN)/python packaging/check_licences.py
	STUDIOLO_HOME="$(STUDIOLO_TEST_HOME)" $(BIN)/studiolo models pull $(TEST_MODELS)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest
	$(BIN)/python -m tests.soak --quick

lint: setup  ## ruff, its formatter, the import contracts, the lock files' freshness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python packaging/lock.py --check

types: setup  ## strict typing of engine and app
	$(BIN)/mypy
	cd packaging && MYPYPATH=../engine ../$(BIN)/mypy --config-file ../pyproject.toml *.py

bench: setup  ## benchmarks: make bench SUITE=name DATA=path (no SUITE: list them)
	@$(BIN)/python -m tests.bench $(SUITE) $(if $(DATA),--data "$(DATA)")

soak: setup  ## full soak, resumable: make soak [SCENARIO=name]
	@$(BIN)/python -m tests.soak $(SCENARIO)

screenshots: setup  ## pictures of the window in all its states, offscreen, into .screenshots
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.window.screenshots .screenshots

lock: setup  ## rewrite the lock files from .venv
	@$(BIN)/python packaging/lock.py

clean:  ## remove what the checks and the demonstration left (keeps .venv and pulled models)
	rm -rf .demo-home .soak .bench .screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find engine app tests packaging assets -name __pycache__ -type d -prune -exec rm -rf {} +
