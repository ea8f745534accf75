# Muster's commands. Each is quick when nothing changed; what the tools say goes to .muster/*.log.
PYTHON ?= python3
BIN := .venv/bin
CODE := $(wildcard schemas services streams deploy tests)
ARGS ?=
JOBS ?= 2
NAME ?=

# What is installed under /usr/sbin is found by everybody, not by root alone.
export PATH := $(PATH):/usr/sbin:/sbin

# Dozens of processes start in the tests: they share compiled modules, also where writing them is switched off.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.muster/pycache

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev system kafka up test check format bench lock clean

help: ## Name the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## Make .venv with .venv/bin/muster, and build the console
	@$(PYTHON) deploy/make/setup.py

setup-dev: ## The same, with what tests and checks need
	@$(PYTHON) deploy/make/setup.py --dev

system: ## Install the Debian packages that the tests use (root), or name the missing ones
	@sh deploy/make/system.sh

kafka: setup ## Fetch Apache Kafka's jars with Maven
	@$(BIN)/python -m deploy.local.kafka_jars

# GNU make dies of an interrupt even where its recipe stopped well; deploy/make/graceful.c says how it does not.
ifneq (,$(filter up,$(MAKECMDGOALS)))
GRACEFUL := .muster/make/graceful.so
BUILT := $(shell sh deploy/make/graceful.sh $(GRACEFUL))
ifneq (,$(wildcard $(GRACEFUL)))
-load $(GRACEFUL)
endif
endif

up: ## Set up, then play a storm through the whole system: ARGS="--broker kafka ..." for others
	@stopped=; trap 'stopped=1' INT TERM; \
	$(PYTHON) deploy/make/up.py $(ARGS); status=$$?; \
	[ -z "$$stopped" ] || [ $$status -eq 70 ] || status=0; exit $$status

test: system setup-dev check ## Everything, the real engines included: ARGS="tests/unit -k ..." for a part, JOBS=0 one by one
	@$(BIN)/python -m deploy.local.kafka_jars || true
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: setup-dev ## Format, lint, types, and the one-way imports
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports --no-logo

format: setup-dev ## Bring the code into its form
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: setup-dev ## Measure: NAME=stream, fold, ...
	@$(BIN)/muster bench $(NAME) $(ARGS)

lock: setup-dev ## Write the pinned, hashed locks anew
	@sh deploy/make/lock.sh

clean: ## Remove everything that is made
	@rm -rf .venv .muster .mypy_cache .ruff_cache .pytest_cache .import_linter_cache services/console/node_modules
