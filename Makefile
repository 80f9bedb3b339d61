# Needs python3 (3.11 or newer), make and git. `make help` lists the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
WORKERS ?= 2
SEED ?= 1

.PHONY: help setup demo demo-reset test bench-webhook bench-fanout bench-agenda check format browsers postgres lock vendor messages clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed ## Install everything into .venv, in the versions of requirements.lock

.venv/.installed: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh

demo: setup ## Run the imaginary centre on this machine; Ctrl-C stops it all
	@exec $(BIN)/callcenter demo

demo-reset: setup ## Forget what happened in the demonstration and start it afresh
	@exec $(BIN)/callcenter demo --reset

bench-webhook: setup postgres ## Measure the voice webhook beside its floor, on both databases; one JSON object
	@$(BIN)/callcenter bench webhook --json

bench-fanout: setup postgres ## Measure from a call's webhook to its card, 200 screens connected; one JSON object
	@$(BIN)/callcenter bench fanout --json

bench-agenda: setup postgres ## Measure free time found, booked, moved and shown; one JSON object
	@$(BIN)/callcenter bench agenda --json

test: setup browsers postgres check ## Check everything: style, types, layers, then the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile

check: setup ## Style, types and layers, without running the product
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@if [ -f tests/test_translations.py ]; then $(BIN)/pytest -q tests/test_translations.py; fi

drill-telephony: setup postgres ## Stop, replace and stall the product under calls; one JSON object (SEED=1)
	@$(BIN)/python -m callcenter.drills.telephony --seed $(SEED)

drill-presence: setup browsers ## Hide, close, put to sleep and cut off an operator's browser; one JSON object
	@$(BIN)/python -m callcenter.drills.presence --seed $(SEED)

drill-agenda: setup postgres ## Hold finder against booker, change clocks, and race eight processes; one JSON object (SEED=1)
	@$(BIN)/python -m callcenter.drills.agenda --seed $(SEED)

drill-dispatch: setup postgres ## Kill the work of messages before each of its steps, and let a day of calls pass; one JSON object (SEED=1)
	@$(BIN)/python -m callcenter.drills.dispatch --seed $(SEED)

format: setup ## Put the source in the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

browsers: setup ## Find a Chromium for the tests, or install Debian's
	@tools/test_machinery.sh browser

postgres: setup ## Find a PostgreSQL for the tests, or install Debian's
	@tools/test_machinery.sh database

lock: setup ## Resolve pyproject.toml anew into requirements.lock (versions and hashes, no addresses)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --extra dev pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --no-deps --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" tools/postgres.in --output-file tools/postgres.lock

vendor: ## Fetch the browser files of vendor/package.json into callcenter/web/static
	@python3 tools/vendor.py

messages: setup ## Gather the words of the screens into the French catalogue (compiled in memory at the start)
	@$(BIN)/python tools/messages.py

clean: ## Remove what was installed and built (the data in var/ stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
