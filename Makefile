# The commands of the repository. `make` alone lists them; what they do is in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
SEEDS ?= 2000
SECONDS ?= 60
STATES ?= 20000000
# Only what was given: the defaults are the demo's own.
DEMO_FLAGS := $(if $(LOSS),--loss '$(LOSS)') $(if $(REPEAT),--repeat '$(REPEAT)') $(if $(REORDER),--reorder '$(REORDER)') \
	$(if $(CORRUPT),--corrupt '$(CORRUPT)') $(if $(TASKS),--tasks '$(TASKS)') $(if $(SEED),--seed '$(SEED)')

.PHONY: help demo test figures instructions reconcile bench sim model bait fuzz lib lib-small install uninstall header setup fmt lint doc clean

help: ## Say what the targets do
	@printf 'make TARGET, with variables where they are named: make demo LOSS=50 SEED=7\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## Real processes behind a bad network, compared to the last transition (LOSS REPEAT REORDER CORRUPT TASKS SEED)
	@scripts/setup.sh demo
	@scripts/demo.sh $(DEMO_FLAGS)

test: ## Every test there is; it ends with a summary
	@scripts/setup.sh test
	@scripts/test.sh

figures: ## The figures of speed and size beside their goals, as JSON lines and a table
	@scripts/setup.sh demo
	@scripts/lib.sh >&2
	$(CARGO) build --locked --profile figures -p taskwire-benches --bins
	$(TARGET)/figures/figures

instructions: ## Instructions of the hot paths beside those of benches/instructions.txt (WRITE=1 writes it anew)
	@scripts/setup.sh test
	$(CARGO) build --locked --release -p taskwire-benches --bin instructions
	$(TARGET)/release/instructions $(if $(WRITE),--write)

reconcile: ## What repairs cost, for n records of which d differ, beside whole snapshots and two crates
	@scripts/setup.sh demo
	$(CARGO) run --locked --release -p taskwire-benches --bin reconcile

bench: ## The criterion benches
	@scripts/setup.sh demo
	$(CARGO) bench --locked -p taskwire-benches

sim: ## The simulator (SEEDS=2000)
	@scripts/setup.sh demo
	$(CARGO) run --locked --release -p taskwire-sim -- --seeds 1..$(SEEDS)

model: ## The model check with the larger bounds (STATES=20000000 for each of twelve explorations)
	@scripts/setup.sh demo
	$(CARGO) run --locked --release -p taskwire-model -- --large --states $(STATES)

bait: ## Shows that each deliberate fault is caught, and by which check
	@scripts/setup.sh demo
	$(CARGO) run --locked --release -p taskwire-sim --features bait -- --bait

fuzz: ## Every fuzz target for a while (SECONDS=60)
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh $(SECONDS)

lib: ## The C library: build/lib/libtaskwire.a and .so; its header is include/taskwire.h
	@scripts/setup.sh demo
	@scripts/lib.sh

lib-small: ## The C library for small devices, the agent alone: build/lib/libtaskwire-small.a
	@scripts/setup.sh demo
	@scripts/lib-small.sh

install: lib lib-small ## Installs the C library, the small one too (PREFIX=/usr/local, DESTDIR, LIBDIR, INCLUDEDIR), with pkg-config and CMake files
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' scripts/install.sh install

uninstall: ## Takes away what install has put there, given the same variables
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' scripts/install.sh uninstall

header: ## Makes include/taskwire.h anew from the sources of ffi/
	@scripts/setup.sh demo
	UPDATE_HEADER=1 $(CARGO) test --locked -p taskwire-ffi --test header

setup: ## Installs what demo and test need (Debian, Ubuntu); at once done when it is all there
	@scripts/setup.sh

fmt: ## Formats all sources
	$(CARGO) fmt --all
	rustfmt --edition 2021 fuzz/src/lib.rs fuzz/fuzz_targets/*.rs fuzz/examples/*.rs

lint: ## Checks format and lints
	@scripts/test.sh fmt clippy

doc: ## The documentation of the API
	$(CARGO) doc --locked --workspace --no-deps

clean: ## Removes everything that was built
	$(CARGO) clean
	rm -rf build
