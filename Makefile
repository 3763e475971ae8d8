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
.PHONY: help demo test suite test-sam-local soak bench diet-verify library-tests runtime-tests lint format clean

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

# Beside each other, as lint has one process.
test: $(VENV)/.dev
	$(MAKE) -j 2 lint suite

suite: $(VENV)/.dev
	MAKEFLAGS= MFLAGS= $(PYTEST) -n auto --dist loadfile --no-loadscope-reorder -m "not docker and not soak"

# Needs root: starts a Docker daemon of its own, off the network, and stops it.
test-sam-local: $(VENV)/.dev
	$(PYTEST) -m docker tests/sam_local

# Attacks repeated many times, with new random numbers each time, and what proves the same thing
# once more; then twenty times as many generated examples. SECONDS=360 ends the attacks after that
# time instead of the full counts (hours), and leaves out treated packages on each Python (minutes);
# SEED=... repeats a run, whose summary names it.
soak: $(VENV)/.dev
	$(PYTEST) -n auto -m soak tests/soak tests/integration tests/plugins tests/unit \
	  $(if $(SECONDS),--deselect tests/integration/test_treated_packages.py::test_nor_is_it_on_each_python) \
	  $(if $(SECONDS),--soak-seconds $(SECONDS)) $(if $(SEED),--soak-seed $(SEED))
	TIMES_EXAMPLES=$(if $(SECONDS),3,20) $(PYTEST) -n auto -m "hypothesis and not soak" tests/runtime/routes tests/runtime/app \
	  tests/runtime/gateway tests/unit/bundle/test_literals.py

# What warm events and cold starts cost, beside every adapter, and docs/benchmarks.md written again:
# some 15 minutes on two idle cores. Nothing in it fails on a slow day. Without strace, files opened
# and system calls are not counted.
bench: $(VENV)/.tool
	$(BIN)/python -m benchmarks.warm --write
	$(BIN)/python -m benchmarks.cold --write
	$(BIN)/python -m benchmarks.published_cold --kind packager --kind "packager, no diet" \
	  --kind "werkzeug + apig-wsgi" --write

# Runs a package's own tests with its imports waiting, and lists the release for the import diet.
diet-verify: $(VENV)/.dev
	$(BIN)/python -m tests.support.diet_verify $(or $(PACKAGE),--newest) $(VERSION) --write \
	  $(if $(ON),--python $(ON)) $(if $(TESTS),--tests $(TESTS))

# Runs the runtime's tests on every other Python that Lambda has and this machine, too. PYTHONS="--all 3.14 ..."
runtime-tests: $(VENV)/.dev
	$(BIN)/python -m tests.support.on_each_python $(PYTHONS)

# Runs the standard library's own tests with the modules that wait, and without. PYTHONS="/path/to/python3.13 ..."
library-tests: $(VENV)/.dev
	$(BIN)/python -m tests.support.library_tests $(PYTHONS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy packager handler_template tests
	PYTHONPATH=handler_template $(BIN)/lint-imports --no-logo

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) out dist .aws-sam .mypy_cache .ruff_cache .hypothesis .import_linter_cache
