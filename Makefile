# Everything starts here, from python3 with venv, make and a network. See README.md.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
STATE_DIR ?= .telltale
DEMO ?= 1
export PORT STATE_DIR DEMO

.PHONY: run setup setup-dev test test-long lint format screens bench bench-scale chaos bench-grouping locks messages schema sbom

run: setup
	@exec $(BIN)/python manage.py up

setup: $(VENV)/.runtime $(VENV)/.messages
setup-dev: $(VENV)/.development $(VENV)/.messages

# The stamps hold what was installed, so that a changed lock installs anew and an unchanged one costs nothing.
$(VENV)/.runtime: requirements.lock
	@$(PYTHON) config/environment.py $(VENV) requirements.lock
	@touch $@

$(VENV)/.development: requirements.lock requirements-dev.lock
	@$(PYTHON) config/environment.py $(VENV) requirements-dev.lock
	@touch $(VENV)/.runtime $@

$(VENV)/.messages: $(wildcard locale/*/LC_MESSAGES/django.po) | $(VENV)/.runtime
	@$(BIN)/pybabel -q compile -d locale -D django
	@touch $@

# What was compiled is kept for the next run, rewritten asserts among it, which are half a dozen seconds a worker.
test: setup-dev
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

test-long: setup-dev
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lint: setup-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/mypy --python-version 3.10 client/src
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py lint_migrations
	@$(BIN)/python manage.py check --fail-level WARNING

format: setup-dev
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

screens: setup-dev
	@$(BIN)/python -m tests.browser.screens

bench: setup-dev
	@$(BIN)/python -m bench

# A million stored reports: a quarter of an hour or more, and 6 GB of disk.
bench-scale: setup-dev
	@$(BIN)/python -m bench scale

# Everything goes wrong while reports are filed. CHAOS_SECONDS=60 shortens it, TRIALS="redis full" chooses.
chaos: setup-dev
	@$(BIN)/python -m bench.chaos $(TRIALS)

# make bench-grouping DATA=FOLDER [EMBEDDER=onnx:PATH] [SETS="NAME …"] [OPTIONS="--twice --no-robustness --write"]
bench-grouping: setup-dev
	@test -n "$(DATA)" || { echo "Say where the labelled streams are: make bench-grouping DATA=FOLDER" >&2; exit 2; }
	@$(BIN)/python -m bench.quality "$(DATA)" --embedder "$(EMBEDDER)" $(if $(SETS),--sets $(SETS)) $(OPTIONS)

locks: setup-dev
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

messages: setup-dev
	@$(BIN)/python manage.py makemessages --all --no-obsolete --no-location --ignore=.venv

# What the API does, said by its views; tests fail while what is committed says something else
schema: setup-dev
	@$(BIN)/python manage.py spectacular --format openapi-json --file docs/openapi.json --validate --fail-on-warn

# Every library with its version and digests, as CycloneDX
sbom:
	@$(PYTHON) -m config.bill requirements.lock > telltale.cdx.json && echo "Written to telltale.cdx.json"
