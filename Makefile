# Every command that anyone runs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := .venv/bin/uv
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path 'web/e2e/*' -not -path 'web/test-results/*' -not -path 'web/screenshots/*' 2>/dev/null)

.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up: each step leaves a stamp and is repeated only when its input changed -------------------

.venv/.uv: requirements/uv.txt
	@scripts/need_python.sh
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.server: .venv/.uv requirements/server.txt requirements/build.txt server/pyproject.toml sdk/pyproject.toml
	$(UV) pip install --quiet --require-hashes -r requirements/server.txt -r requirements/build.txt
	$(UV) pip install --quiet --no-deps --no-build-isolation -e server -e sdk
	@touch $@

.venv/.dev: .venv/.server requirements/dev.txt
	$(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# Clients whose pins contradict ours: they live apart, and tests run them as programs of their own.
.venv-clients/.installed: .venv/.uv requirements/clients.txt
	python3 -m venv --without-pip .venv-clients
	$(UV) pip install --quiet --python .venv-clients/bin/python --require-hashes -r requirements/clients.txt
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	@scripts/need_node.sh
	scripts/npm.sh web install-locked
	@touch $@

tests/node-clients/node_modules/.installed: tests/node-clients/package.json tests/node-clients/package-lock.json
	@scripts/need_node.sh
	scripts/npm.sh tests/node-clients install-locked
	@touch $@

CLIENTS := .venv-clients/.installed tests/node-clients/node_modules/.installed

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	scripts/npm.sh web run build
	@touch $@

.PHONY: setup
setup: .venv/.server web/dist/.built ## Install what is missing and build the dashboard, without starting

.PHONY: up
up: setup ## Set up and run Quotah (dashboard on port 8400, gateway on port 8401)
	@exec .venv/bin/quotah up

# --- checks ----------------------------------------------------------------------------------------

.PHONY: check
check: .venv/.dev web/node_modules/.installed ## Format, lint, types, imports, sizes, generated files up to date
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/basedpyright
	.venv/bin/lint-imports --no-cache
	$(PY) -m pytest tests/architecture -p no:randomly
	scripts/generated.sh --check
	scripts/npm.sh web run check

.PHONY: test
test: .venv/.dev $(CLIENTS) web/dist/.built ## Set up and run every test: Python, web, end to end in Chromium
	scripts/test.sh

.PHONY: test-python
test-python: .venv/.dev $(CLIENTS) ## Python tests alone, with branch coverage
	scripts/test.sh python

.PHONY: e2e
e2e: .venv/.dev web/dist/.built ## End-to-end tests alone: the real stack in headless Chromium
	scripts/test.sh e2e

.PHONY: screenshots
screenshots: .venv/.dev web/dist/.built ## Pictures of every page: desktop and phone, light and dark
	scripts/ensure_chromium.sh >/dev/null
	scripts/npm.sh web run screenshots

.PHONY: conformance
conformance: .venv/.dev ## Golden costs and usage samples as a table; WITH="genai-prices litellm" beside them
	$(PY) bench/conformance/run.py $(if $(WITH),--with $(WITH))

# --- upkeep ----------------------------------------------------------------------------------------

.PHONY: gen
gen: .venv/.dev web/node_modules/.installed ## Write every generated file anew
	scripts/generated.sh

.PHONY: fmt
fmt: .venv/.dev web/node_modules/.installed ## Format and mend what can be mended
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	scripts/npm.sh web run format

.PHONY: lock
lock: .venv/.uv ## Resolve the Python dependencies anew
	scripts/lock.sh

.PHONY: clean
clean: ## Remove what set-up made (never your data)
	rm -rf .venv .venv-clients web/node_modules tests/node-clients/node_modules web/tools/openapi/node_modules web/dist
