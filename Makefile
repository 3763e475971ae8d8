# make demo   sets up, builds the example plugins, invokes them behind a real Lambda runtime API
# make test   sets up, runs the suite (lint and types included)
# Both need Python >= 3.11 and nothing else: no root, no Docker.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST ?= $(BIN)/pytest

.DEFAULT_GOAL := help
# Else each of some thousand interpreters compiles what it imports, again and again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test test-sam-local soak bench lint format clean

help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST)) | head -3

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "packager needs Python 3.11 or later; set PYTHON=/path/to/python3.x" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# The tool, and aws-sam-cli's wheel for the Lambda emulator in it: what `make demo` needs.
$(VENV)/.tool: $(BIN)/uv pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable .
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps aws-sam-cli
	@touch $@

# The tool with everything that tests and lint need (the Lambda emulator comes inside aws-sam-cli).
$(VENV)/.dev: $(BIN)/uv pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[mangum,aws-wsgi]' --group dev
	@touch $@ $(VENV)/.tool

demo: $(VENV)/.tool
	@$(BIN)/python -m tests.demo

test: lint
	$(PYTEST) -n auto --dist loadfile -m "not docker and not soak"

# Needs root: starts a Docker daemon of its own, off the network, and stops it.
test-sam-local: $(VENV)/.dev
	$(PYTEST) -m docker tests/sam_local

# Attacks repeated many times, with new random numbers each time. SECONDS=360 ends after that time
# instead of the full counts (hours); SEED=... repeats a run, whose summary names it.
soak: $(VENV)/.dev
	$(PYTEST) -n auto -m soak tests/soak $(if $(SECONDS),--soak-seconds $(SECONDS)) $(if $(SEED),--soak-seed $(SEED))

# What warm events and cold starts cost, beside every adapter, and docs/benchmarks.md written again:
# some 5 minutes on two idle cores. Nothing in it fails on a slow day. Without strace, files opened
# and system calls are not counted.
bench: $(VENV)/.tool
	$(BIN)/python -m benchmarks.warm --write
	$(BIN)/python -m benchmarks.cold --write

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers 2 packager handler_template tests
	PYTHONPATH=handler_template $(BIN)/lint-imports --no-logo

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) out dist .aws-sam .mypy_cache .ruff_cache .hypothesis .import_linter_cache
