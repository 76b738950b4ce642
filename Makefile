# The commands of the repository. `make` alone lists them; what they do is in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo

.PHONY: help setup test fmt lint doc clean

help: ## Say what the targets do
	@printf 'Targets (variables in capitals may be given: make demo LOSS=50 SEED=7):\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install what demo and test need (Debian, Ubuntu); does nothing when it is all there
	@scripts/setup.sh

test: ## Run every test (sets itself up)
	@scripts/setup.sh test
	@scripts/test.sh

fmt: ## Format all sources
	$(CARGO) fmt --all

lint: ## Check format and lints
	@scripts/test.sh fmt clippy

doc: ## Build the API documentation
	$(CARGO) doc --workspace --no-deps

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf build
