# Every target works on a bare machine: Python 3.11 with venv and a package index are enough.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
PROOF_MINUTES ?= 20
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Import names and folders that exist: the tree grows, the checks follow it.
SOURCES := $(wildcard shared migrations deploy/local tests bench) $(patsubst %/,%,$(wildcard services/*/*/))
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# The machine's own certificates where it has them: a company's registry mirror is signed with one of those.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
# Tests start Python a hundred times: each would compile what it imports where the shell says that nothing is to be kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run test check proof house fmt bench chaos migrate lock events rules orders

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 12

# The installer is fetched by pip, everything else by the installer: seconds instead of most of a minute.
$(UV): requirements-build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "makewhole needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python has no venv: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
	@touch $(UV)

$(VENV)/.run: $(UV) requirements.txt pyproject.toml
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

# The first of a machine's many brokers pays for the others; without the archive they only start more slowly.
$(VENV)/.kafka: $(VENV)/.dev deploy/local/local_stack/kafka-jars.txt
	@echo "writing the archive of Kafka's classes"
	-@$(BIN)/python -m tests.support.servers.kafka_archive
	@touch $@

setup: $(VENV)/.run

setup-dev: $(VENV)/.dev

run: setup ## start everything, play the demo story, serve until Ctrl-C (DEMO=0, FRESH=1, ORDERS=path, PORT_BASE=18000)
	@exec $(BIN)/python -m local_stack run

test: setup-dev $(VENV)/.kafka ## all tests but the long proofs, on their own PostgreSQL and Kafka (ARGS="-k name", WORKERS=0 for one process)
	@$(BIN)/python -m pytest -m "not proof" -n $(WORKERS) --dist load $(ARGS)

proof: setup-dev $(VENV)/.kafka ## longer proofs: laws, torture, chaos and what is marked proof (PROOF_MINUTES=20)
	@$(BIN)/python -m tests.proof --minutes $(PROOF_MINUTES)

check: setup-dev ## format, lint, types, import walls, generated files, limits of size; writes nothing
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/python -m tests.architecture.walls
	@$(BIN)/python -m ops.generators.catalogue --check
	@$(BIN)/python -m ops.generators.rules --check
	@$(BIN)/python -m tests.house --check

house: setup-dev ## figures of the tree, and the files that one request walks through (ROOTS="--root path")
	@$(BIN)/python -m tests.house $(ROOTS)

fmt: setup-dev ## format and put right what can be put right
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

bench: setup-dev ## performance report: bench/report.json and a table; what a flood does to a neighbour; 5,000 refunds in one run
	@$(BIN)/python -m bench
	@$(BIN)/python -m tests.proof.neighbours
	@$(BIN)/python -m tests.proof.many_refunds

chaos: setup-dev ## faults on real processes, then the audit; then 300 kills around the provider's call
	@$(BIN)/python -m tests.chaos

migrate: setup ## bring the databases of MAKEWHOLE_DATABASE_URL up to date
	@$(BIN)/python -m local_stack migrate

lock: $(UV) ## raise the pins to the newest versions
	@$(COMPILE) --upgrade --group build -o requirements-build.txt
	@$(COMPILE) --upgrade --extra local --extra stripe --extra karrio --extra dev pyproject.toml -c requirements-build.txt -o requirements-dev.txt
	@$(COMPILE) --upgrade --extra local pyproject.toml -c requirements-dev.txt -o requirements.txt
	@$(COMPILE) --upgrade pyproject.toml -c requirements.txt -o requirements-production.txt
	@$(COMPILE) --upgrade --extra stripe pyproject.toml -c requirements-dev.txt -c requirements-production.txt -o requirements-stripe.txt
	@$(COMPILE) --upgrade --extra karrio pyproject.toml -c requirements-dev.txt -c requirements-production.txt -o requirements-karrio.txt

events: setup-dev ## write the event catalogue and the schemas from the code
	@$(BIN)/python -m ops.generators.catalogue

rules: setup-dev ## write the pages of the rule book: what each rule says, where it stands and what proves it
	@$(BIN)/python -m ops.generators.rules

orders: setup-dev ## write docs/real-orders.md: what each programme and law grants to the orders of a file (ORDERS=path)
	@$(BIN)/python -m ops.generators.real_orders $(ORDERS)
