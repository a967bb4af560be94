# `make run` and `make test` need Python 3.11 and make, nothing else; `make help` lists the rest.

PORT ?= 8000
VENV ?= .venv
JOBS ?= 2
PYTHON ?= python3
ARGS ?=

BIN := $(VENV)/bin
SOURCES := monitor app tests benchmarks scripts examples
FOUND := $(wildcard $(SOURCES))
# basedpyright finds the packages beside the `python` on the path; it takes half a minute on two cores.
WITHIN := PATH="$(abspath $(BIN)):$$PATH" timeout 600
# uv writes the locks, of the kit with what the service uses of it and of the service;
# --no-emit-index-url keeps them free of any index.
EXTRAS := $(addprefix --extra ,redis database otlp console definitions service)
COMPILE := $(BIN)/uv pip compile -q pyproject.toml app/requirements.txt $(EXTRAS) --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --constraint requirements/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test attack drill setup runtime servers lint format types check bench load token \
	definitions up down lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: runtime ## Start the service with demo data and light traffic; PORT=8000
	@exec $(BIN)/taskmed run --port $(PORT) $(ARGS)

test: setup servers lint types ## Everything CI runs: lint, types, every test
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

drill: setup servers ## Real faults to real pages, minutes of real time; on a quiet machine
	@$(BIN)/pytest -m drill $(ARGS)

setup: ## Make the environment with the development tools
	@$(PYTHON) scripts/make_environment.py $(VENV) dev

runtime: # the environment without the development tools
	@$(PYTHON) scripts/make_environment.py $(VENV) runtime

servers: setup ## Install the servers that tests start, where apt is at hand
	@$(BIN)/python scripts/install_servers.py

lint: setup ## Check style, dead code, and types as a second checker and an adopter's editor see them
	@$(BIN)/ruff check --quiet $(FOUND)
	@$(BIN)/ruff format --quiet --check $(FOUND)
	@$(BIN)/vulture
	@said=$$($(WITHIN) basedpyright --warnings) || { echo "$$said"; exit 1; }
	@said=$$($(WITHIN) basedpyright --ignoreexternal --verifytypes monitor) || { echo "$$said"; exit 1; }

format: setup ## Format the code
	@$(BIN)/ruff check --quiet --fix-only $(FOUND)
	@$(BIN)/ruff format --quiet $(FOUND)

types: setup ## Check types
	@$(BIN)/mypy

bench: ## Measure: the benchmarks, each against its rivals
	@$(PYTHON) scripts/make_environment.py $(VENV) bench
	@$(BIN)/python -m benchmarks $(ARGS)

load: runtime ## Send traffic to a running service; ARGS="--seconds 30 --users 200"
	@$(BIN)/taskmed load --url http://127.0.0.1:$(PORT) $(ARGS)

token: runtime ## Mint a token; ARGS="--clinic 1 --role staff"
	@$(BIN)/taskmed token $(ARGS)

definitions: setup ## Write what is generated: alerts/, dashboards/, tables of the docs, OpenAPI, .env.example
	@$(BIN)/python -m monitor.definitions --adoption app.definitions:DEPLOYMENT $(ARGS)
	@$(BIN)/python -m monitor.metrics.document docs/telemetry.md
	@$(BIN)/python -m monitor.logging.events_document docs/telemetry.md
	@$(BIN)/python -m app.openapi
	@$(BIN)/python -m app.config
	@$(BIN)/python scripts/write_api_page.py
	@$(BIN)/python -m tests.architecture.picture

attack: setup ## Attack the whole API as every role, over both databases, with Schemathesis (ARGS="--examples 20")
	@$(BIN)/python -m tests.security.attack $(ARGS)

up: ## Start everything in containers (docker compose): service, stores, Grafana and the rest
	@$(PYTHON) scripts/make_secrets.py
	docker compose up --build --detach --wait

down: ## Stop the containers; their data stays
	docker compose --profile demo down

lock: setup ## Write the locks anew from pyproject.toml
	@$(COMPILE) -o requirements/runtime.lock
	@$(COMPILE) --group dev -o requirements/dev.lock
	@$(COMPILE) --group dev --group bench -o requirements/bench.lock

clean: ## Remove what the commands made: environment, caches, demo data
	@rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* var build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
