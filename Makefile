# Every command of the project; `make help` explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

NODE_VERSION := $(shell sed -n 's/^ *"node": "\([0-9.]*\)",*$$/\1/p' package.json)
NODE := ./node_modules/.bin/node
SETUP := node_modules/.set-up
# What is typed (`make up PORT=9000`) reaches the commands by itself. An `export` here would hand down
# an empty value for what is not typed, and .env could no longer set it.

.PHONY: help setup tools k6 up status logs find down loadtest loadtest-node check test test-compose chaos soak generate format clean

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# npm on an older Node would silently pick older releases, so the pinned Node runs it too.
$(SETUP): package.json package-lock.json
	@command -v npx >/dev/null || { echo "npx is missing: install Node.js 20 or newer with npm"; exit 1; }
	@echo "setup: npm ci under Node $(NODE_VERSION)"
	@npx --yes --package node@$(NODE_VERSION) -c 'npm ci --no-fund --no-audit --loglevel=error'
	@touch $@

setup: $(SETUP) ## Install node_modules with the pinned Node; the others do it by themselves
	@[ "$$($(NODE) -v)" = "v$(NODE_VERSION)" ] || \
	  { echo "node_modules has Node $$($(NODE) -v), pinned is v$(NODE_VERSION): allow its install script, then make clean setup"; exit 1; }

tools: setup ## Fetch what is missing (Prometheus, Alertmanager) into .tools/
	@$(NODE) observability/local/tools.ts

k6: setup ## Build k6 (AGPL-3.0, a separate program) into .tools/
	@$(NODE) observability/local/tools.ts k6

up: setup ## Start everything (by Docker compose where there is one), wait until it is healthy
	@$(NODE) observability/local/stack.ts up

status: setup ## What runs, where, how it is
	@$(NODE) observability/local/stack.ts status

logs: setup ## The end of every part's log
	@$(NODE) observability/local/stack.ts logs

find: setup ## Find a correlation ID everywhere: make find ID=...
	@$(NODE) observability/local/find.ts

down: setup ## Stop what was started, and nothing else
	@$(NODE) observability/local/stack.ts down

loadtest: setup ## Check the two targets with k6 against the running stack
	@$(NODE) observability/local/stack.ts loadtest

loadtest-node: setup ## The same load from plain Node, where k6 cannot be had
	@$(NODE) observability/local/stack.ts loadtest-node

check: setup ## Format, lint, types, generated files, unit tests
	@$(NODE) .ci/run-tests.ts check

test: setup ## All of it: check, rules and configuration, a live run under load
	@$(NODE) observability/local/tools.ts test
	@$(NODE) .ci/run-tests.ts all

test-compose: setup ## The compose stack on a Docker engine, under load, while its parts die
	@$(NODE) .ci/run-tests.ts compose

chaos: setup ## Every fault under load; writes docs/reliability.md
	@$(NODE) loadtest/chaos.ts

soak: setup ## Ten minutes of cancels and faults: does anything grow? Writes docs/soak.md
	@$(NODE) loadtest/soak.ts

generate: setup ## Write the generated files
	@$(NODE) observability/generate/main.ts

format: setup ## Format and mend what can be mended
	@./node_modules/.bin/biome check --write .

clean: ## Stop what runs, remove what was fetched and written
	@[ "$$($(NODE) -v 2>/dev/null)" != "v$(NODE_VERSION)" ] || $(NODE) observability/local/stack.ts clean
	@rm -rf node_modules .tools .run
