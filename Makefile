# Good Golem. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help install demo up test test-browser check format generate lock sbom digests bench soak simulate secrets client clean

BIN := .venv/bin
STACK ?= embedded
ARGS ?=

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.client  ## Make .venv with the stack and the command .venv/bin/golem

demo: .venv/.client  ## Start the whole stack and watch a hire pay out
	@$(BIN)/golem demo $(ARGS)

up: .venv/.client  ## Run the stack in the foreground (ARGS="--port 8080 --data DIR")
	@$(BIN)/golem up $(ARGS)

test: .venv/.bench  ## Run the tests (STACK=embedded|containers|external, ARGS="-k word")
	@$(BIN)/python -m tests --stack $(STACK) $(ARGS)

test-browser: .venv/.dev  ## Walk the market's page in a browser (needs chromium)
	@command -v chromium > /dev/null || { echo "NOT RUN: there is no chromium"; exit 1; }
	@$(BIN)/python -m pytest tests/browser $(ARGS)

check: .venv/.dev  ## Lint, types, and the arrows between the parts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/.dev  ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

generate: .venv/.dev  ## Remake all that is made from the code: pages of docs/, OpenAPI, event schemas, manifests
	@$(BIN)/python -m shared.events.generate
	@$(BIN)/python -m deploy.docs
	@$(BIN)/python -m deploy.kubernetes

bench: .venv/.bench  ## Measure against floors and peers, 3 minutes (FULL=1 all; AGAINST=file.json; ARGS="--only relay")
	@$(BIN)/python -m bench $(if $(FULL),--full) $(if $(AGAINST),--against $(AGAINST)) $(ARGS)

soak: .venv/.dev  ## Play 10,000 agreements and 10,000 seeds of the simulator
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/pure/test_machines.py $(ARGS)
	@$(BIN)/python -m tests.simulator --seeds 10000 --jobs auto

simulate: .venv/.dev  ## Play bad days (SEED=7 plays one and says what happened; ARGS="--seeds 1000 --jobs auto")
	@$(BIN)/python -m tests.simulator $(if $(SEED),--seed $(SEED)) $(ARGS)

secrets:  ## Make the secrets that docker compose mounts, once
	@sh deploy/secrets

# Each lock is compiled from the .in file beside it, within the versions of the smaller lock, for Python 3.11 and later
# on every platform: of each package one version, whatever the Python. What is locked stays as it is unless UPGRADE=1 or UPGRADE_ONE=<package>. No index is written down.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) $(if $(UPGRADE_ONE),--upgrade-package $(UPGRADE_ONE))
lock: .venv/.dev  ## Remake the locks in requirements/ (UPGRADE=1 for newer versions)
	@$(compile) requirements/services.in -o requirements/services.txt
	@$(compile) -c requirements/services.txt requirements/stack.in -o requirements/stack.txt
	@$(compile) -c requirements/stack.txt requirements/operator.in -o requirements/operator.txt
	@$(compile) -c requirements/stack.txt requirements/dev.in -o requirements/dev.txt
	@$(compile) -c requirements/dev.txt requirements/bench.in -o requirements/bench.txt

sbom: .venv/.dev  ## List what the images' locks hold, as CycloneDX, in build/sbom
	@mkdir -p build/sbom
	@for lock in services operator; do \
		$(BIN)/cyclonedx-py requirements requirements/$$lock.txt --pyproject pyproject.toml --spec-version 1.6 \
			--output-reproducible --validate -o build/sbom/$$lock.cdx.json 2>/dev/null && echo build/sbom/$$lock.cdx.json || exit 1; \
	done

digests:  ## Write compose.digests.yml: the images of others by the digest that their tag has now
	@deploy/digests

client: .venv/.client  ## Make the Python client, a wheel in build/client, from docs/openapi.json

clean:  ## Remove .venv, caches and the data of `golem up`
	@rm -rf .venv .golem .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stack: requirements/stack.txt pyproject.toml deploy/install
	@deploy/install stack
	@touch $@

.venv/.client: .venv/.stack docs/openapi.json $(wildcard clients/python/* clients/python/good_golem/*)
	@clients/python/make
	@touch $@

.venv/.dev: .venv/.client requirements/dev.txt
	@deploy/install dev
	@touch $@

.venv/.bench: .venv/.dev requirements/bench.txt
	@deploy/install bench
	@touch $@
