# The few things one does with this repository. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
READY := .venv/.ready
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------- see it work

.PHONY: demo
demo: setup ## a model is deployed, improved, broken and sent back, on a real cluster (about 5 minutes, the first time 35)
	$(RUN) -m dev.demo

.PHONY: demo-down
demo-down: setup ## remove everything that the demo made, but for the build cache
	$(RUN) -m dev.demo down

# ---------------------------------------------------------------- tests

.PHONY: test
test: lint unit test-bentos test-cluster test-e2e ## every test, by itself: it makes the clusters that it needs

.PHONY: lint
lint: setup ## style, types, layers, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(RUN) -m tandem.api.crds --check
	$(RUN) -m tandem.cli.readiness_docs --check

.PHONY: unit
unit: setup ## tests that need no cluster: pure logic and golden files
	$(BIN)/pytest tests/unit tests/golden -n auto --dist worksteal

.PHONY: coverage
coverage: setup ## which lines and branches the tests of `make unit` do not reach: longer, on one processor
	$(BIN)/pytest tests/unit tests/golden --cov --cov-report=term

.PHONY: test-bentos
test-bentos: setup ## tests that run real bentos on this machine
	$(BIN)/pytest tests/bentos

.PHONY: test-cluster
test-cluster: tools ## tests against a real API server
	$(BIN)/pytest tests/cluster

.PHONY: test-e2e
test-e2e: cluster images ## tests on the whole local cluster: gateway, images, operator, traffic
	$(BIN)/pytest tests/e2e -m 'not alone' -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/pytest tests/e2e -m alone

.PHONY: bench-rollback
bench-rollback: setup ## how long a failing version hurts: five runs, about five minutes
	$(RUN) -m bench.rollback

.PHONY: bench-scale
bench-scale: setup ## what 1,000 models cost, beside Argo Rollouts: about ten minutes, the first time fifteen
	$(RUN) -m bench.scale

.PHONY: bench-plan
bench-plan: setup ## does the planned number of pods carry the peak, and fewer not: about ten minutes
	$(RUN) -m bench.plan

.PHONY: bench-examiner
bench-examiner: setup ## what 110,000 questions to a version cost: about ten minutes
	$(RUN) -m bench.examiner

.PHONY: bench-quality
bench-quality: setup ## what 110,000 questions to a version cost the operator and other models: about twenty minutes
	$(RUN) -m bench.quality

.PHONY: bench-judge
bench-judge: setup ## how well the judge decides, beside other rules, on simulated traffic: about half an hour
	$(RUN) -m bench.judge

.PHONY: bench-canary
bench-canary: setup ## bad and healthy versions on a real cluster beside what is foretold of them: about an hour and a half
	$(RUN) -m bench.canary --write-docs

# ---------------------------------------------------------------- parts

# Tests that build what they need would do so behind pytest's back: here it shows how far it is.
.PHONY: tools
tools: setup ## build Kubernetes and what else local clusters are made of: the first time 15 to 25 minutes
	$(RUN) -m dev.cluster build

.PHONY: cluster
cluster: setup ## a local Kubernetes with gateway: kind where Docker answers, else (Linux, root) a cluster of its own
	$(RUN) -m dev.cluster up

.PHONY: cluster-down
cluster-down: setup ## remove the local Kubernetes
	$(RUN) -m dev.cluster down

.PHONY: images
images: setup ## build the operator's and the example bentos' images
	$(RUN) -m dev.images build

.PHONY: crds
crds: setup ## write crds/ and the chart's copy from the typed models
	$(RUN) -m tandem.api.crds

.PHONY: readiness-docs
readiness-docs: setup ## write docs/readiness.md from the readiness checks
	$(RUN) -m tandem.cli.readiness_docs

# ---------------------------------------------------------------- environment

.PHONY: setup
setup: $(READY) ## the Python environment in .venv, from the locked requirements

$(READY): requirements-uv.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Tandem needs Python 3.11 or newer: make setup PYTHON=python3.11' >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "Python's venv module is missing: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: setup ## renew the locked requirements after a change of pyproject.toml
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --all-extras --output-file requirements-dev.txt
	echo uv | $(LOCK) - --output-file requirements-uv.txt
