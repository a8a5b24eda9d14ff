# The commands of the project; `make help` explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

NODE_VERSION := $(shell sed -n 's/^ *"node": "\([0-9.]*\)",*$$/\1/p' package.json)
NODE := ./node_modules/.bin/node
SETUP := node_modules/.set-up
CLIENTS := clients/node_modules/.set-up
# Variables that are typed (`make up PORT=9000`) reach the commands without an `export` here, which would
# also hand down empty values for those that are not typed, so that .env could no longer set them.

.PHONY: help setup tools k6 up status logs find down loadtest loadtest-node load-manifests check check-rules export manifests pack sbom test test-compose fuzz bill chaos soak gameday bench questions generate format clean

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# npm on an older Node would silently pick older releases, so the pinned Node runs it too.
$(SETUP): package.json package-lock.json
	@command -v npx >/dev/null || { echo "npx is missing: install Node.js 20 or newer with npm"; exit 1; }
	@echo "setup: npm ci under Node $(NODE_VERSION)"
	@npx --yes --package node@$(NODE_VERSION) -c 'npm ci --no-fund --no-audit --loglevel=error'
	@touch $@

# Other people's clients of the API, which only the tests need, have a lock file of their own.
$(CLIENTS): clients/package.json clients/package-lock.json $(SETUP)
	@echo "clients: npm ci"
	@cd clients && npx --yes --package node@$(NODE_VERSION) -c 'npm ci --ignore-scripts --no-fund --no-audit --loglevel=error'
	@touch $@

setup: $(SETUP) ## Install node_modules with the pinned Node; the other targets do so themselves
	@[ "$$($(NODE) -v)" = "v$(NODE_VERSION)" ] || \
	  { echo "node_modules has Node $$($(NODE) -v), pinned is v$(NODE_VERSION): allow its install script, then make clean setup"; exit 1; }

tools: setup ## Fetch the tools that are missing (Prometheus, Alertmanager) into .tools/
	@$(NODE) observability/local/tools.ts

k6: setup ## Build k6 (AGPL-3.0, a separate program) into .tools/
	@$(NODE) observability/local/tools.ts k6

up: setup ## Start everything, by Docker compose where there is an engine, and wait until it is healthy
	@$(NODE) observability/local/stack.ts up

status: setup ## Show each component, its state and its URL
	@$(NODE) observability/local/stack.ts status

logs: setup ## Show the end of every component's log
	@$(NODE) observability/local/stack.ts logs

find: setup ## Find a correlation ID in logs, traces and the simulator: make find ID=...
	@$(NODE) observability/local/find.ts

down: setup ## Stop the components that were started, and nothing else
	@$(NODE) observability/local/stack.ts down

loadtest: setup ## Run a load scenario: [TOKEN=…] make loadtest [SCENARIO=smoke RATE= DURATION= TARGET=]
	@$(NODE) loadtest/run.ts

loadtest-node: setup ## The same by the driver in Node, also where there is k6
	@$(NODE) loadtest/run.ts node

check: setup ## Check format, lint, types, generated files, sizes and imports, and run the unit tests
	@$(NODE) .ci/run-tests.ts check

check-rules: tools ## Lint the rules, test them, and kill every mutant of them
	@$(NODE) .ci/run-tests.ts rules

load-manifests: setup ## Print the manifests of a load test on Kubernetes: make load-manifests TARGET=... [SCENARIO= PARALLELISM=]
	@$(NODE) loadtest/kubernetes/main.ts

export: setup ## Write the pack for your own stack: make export [PROFILE= NAMESPACE= APP_NAMESPACE= LABELS= JOB= DATASOURCE= OUT=]
	@$(NODE) observability/export/main.ts

pack: setup ## Build the package for other projects, claude-observatory/pipeline, into dist/
	@$(NODE) .ci/pack.ts

manifests: setup ## Write and render the manifests of the service for Kubernetes: make manifests [PROFILE= LABELS= DATASOURCE= OUT=manifests]
	@$(NODE) observability/local/tools.ts manifests
	@$(NODE) deploy/kubernetes/main.ts

sbom: setup ## Write the bill of materials of the service's image, and the licences of its packages: make sbom [OUT=sbom]
	@$(NODE) deploy/sbom.ts

test: setup $(CLIENTS) ## Run everything: check, rules and configuration, a live run under load
	@$(NODE) observability/local/tools.ts test
	@$(NODE) .ci/run-tests.ts all

test-compose: setup ## Run the compose stack on a Docker engine, under load, while its components die
	@$(NODE) .ci/run-tests.ts compose

fuzz: setup ## Throw hostile input at the service: make fuzz [SECONDS=60 SEED= FROM=]
	@$(NODE) loadtest/fuzz/run.ts

bill: setup ## Hold what was counted against the organisation's cost report (docs/cost.md)
	@$(NODE) observability/bill/main.ts

chaos: setup ## Inject every fault under load; writes docs/reliability.md
	@$(NODE) loadtest/chaos/run.ts

soak: setup ## Run ten minutes of cancels and faults and look for growth; writes docs/soak.md
	@$(NODE) loadtest/soak/run.ts

gameday: setup ## Break something and watch who is told: make gameday [FAULT=... | RESUME=1]; without FAULT all, into docs/gamedays.md
	@$(NODE) loadtest/gamedays/run.ts

bench: setup ## Measure what telemetry costs, beside peers: make bench [SUBJECTS= ROUNDS= SECONDS= PART=pairs QUICK=1]; without SUBJECTS all, into docs/performance.md
	@$(NODE) observability/local/tools.ts bench
	@$(NODE) loadtest/bench/run.ts

questions: setup ## Measure the article's three questions; writes the figures into docs/upstreams.md, streams.md and serverless.md
	@$(NODE) examples/questions/run.ts

generate: setup ## Write the generated files
	@$(NODE) observability/generate/main.ts

format: setup ## Format, and fix what lint can fix
	@./node_modules/.bin/biome check --write .

clean: ## Stop everything, remove all that was fetched or written
	@[ "$$($(NODE) -v 2>/dev/null)" != "v$(NODE_VERSION)" ] || $(NODE) observability/local/stack.ts clean
	@rm -rf node_modules clients/node_modules .tools .run
