#!/usr/bin/env bash
# Builds what the demo needs (the C library, the agents in C and Go, the controller, the relay, the demo) and runs it; the
# arguments are the demo's own, see `scripts/demo.sh --help`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}

scripts/lib.sh
cargo build --locked --release -p taskwire-examples --bins
scripts/c-hosts.sh build
scripts/go.sh build
exec "$target/release/demo" "$@"
