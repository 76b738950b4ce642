#!/usr/bin/env bash
# All tests of the repository, one part after the other, each under a headline; `make test` and `.ci/run` call it.
# A part that fails does not stop the ones after it; the closing summary names every part with its time, and the
# exit status is 0 only when all of them passed. Nothing is skipped: a missing tool is a failure.
#
#   scripts/test.sh                 every part
#   scripts/test.sh fmt clippy      only the parts named
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ALL_PARTS=(fmt clippy workspace core_without_std rustdoc c_abi c_hosts installation go embedding openmetrics instructions simulator checkers model demo)
# The seeds of the simulator that are run here; `make sim SEEDS=100000` runs more.
export SIMULATOR_SEEDS=1..2000
# How long a part may take, in seconds, from cold caches.
PART_LIMIT=900

# The fuzz crate is outside the workspace, so it is named.
part_fmt() {
    cargo fmt --all -- --check
    rustfmt --check --edition 2021 fuzz/src/lib.rs fuzz/fuzz_targets/*.rs fuzz/examples/*.rs
}
part_clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }
part_workspace() { cargo test --locked --no-fail-fast --workspace; }
part_core_without_std() { cargo test --locked --no-fail-fast -p taskwire --no-default-features; }
part_rustdoc() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps; }
part_c_abi() { ffi/tests/run.sh; }
part_c_hosts() { scripts/c-hosts.sh test; }
part_go() { scripts/lib.sh && scripts/go.sh test; }
part_embedding() { scripts/embedding.sh; }
part_installation() { scripts/lib.sh && scripts/install.sh test; }
part_openmetrics() { scripts/openmetrics.sh; }
# What a hot path costs is compared with benches/instructions.txt, by the rule that its program states.
part_instructions() {
    cargo build --locked --release -p taskwire-benches --bin instructions
    "${CARGO_TARGET_DIR:-target}/release/instructions"
}
part_simulator() { cargo run --locked --release -p taskwire-sim -- --seeds "$SIMULATOR_SEEDS"; }
part_checkers() {
    cargo run --locked --release -p taskwire-sim -- --self-test
    # That a thin link melts without the congestion limit, and a fleet that comes back in one moment is seen.
    cargo test --locked --release -p taskwire-sim --features bait --test thin_link --test fleet
}
# Distinct states of each of twelve explorations; `make model` goes further.
part_model() { cargo run --locked --release -p taskwire-model -- --states 200000; }
part_demo() { scripts/demo.sh --short; }

title() {
    case $1 in
    fmt) echo "formatting (rustfmt)" ;;
    clippy) echo "lints (clippy, warnings are errors)" ;;
    workspace) echo "unit, property, script, vector, header, tidy and doc tests of the workspace" ;;
    core_without_std) echo "the core without std" ;;
    rustdoc) echo "documentation (rustdoc, warnings are errors)" ;;
    c_abi) echo "the C interface in C and C++, sanitized and under valgrind" ;;
    c_hosts) echo "the parts of the hosts in C, sanitized and under valgrind" ;;
    go) echo "the package and the hosts in Go, with two versions of Go, the race detector and a busy collector" ;;
    embedding) echo "the programs of docs/EMBEDDING.md, built against an installed copy and run" ;;
    installation) echo "the installed C library, by pkg-config and CMake, shared and static" ;;
    openmetrics) echo "OpenMetrics text, read by Prometheus's own parser" ;;
    instructions) echo "instructions of the hot paths, beside those that are kept" ;;
    simulator) echo "the simulator, seeds $SIMULATOR_SEEDS" ;;
    checkers) echo "the simulator's checks, each spoiled on purpose" ;;
    model) echo "the model check: the real agent and controller through the interleavings of small bounds" ;;
    demo) echo "the demo in its short form" ;;
    *) return 1 ;;
    esac
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${ALL_PARTS[@]}")
for part in "${parts[@]}"; do
    title "$part" >/dev/null || {
        printf "test: error: unknown part '%s'; expected some of: %s\n" "$part" "${ALL_PARTS[*]}" >&2
        exit 2
    }
done

# Each part runs in a shell of its own, which is given the functions.
for part in "${parts[@]}"; do export -f "part_$part"; done
# At a terminal the parts stay in its foreground, so that they can be interrupted.
interruptible=()
[ -t 0 ] && interruptible=(--foreground)

summary=()
failed=0
began=$(date +%s)
for part in "${parts[@]}"; do
    printf '\n=== %s: %s ===\n' "$part" "$(title "$part")"
    part_began=$(date +%s)
    # A part that hangs is a failure too.
    if timeout "${interruptible[@]}" --kill-after=10 "$PART_LIMIT" bash -ec "part_$part"; then verdict=ok; else verdict=FAILED failed=$((failed + 1)); fi
    took=$(($(date +%s) - part_began))
    printf '=== %s: %s after %d s ===\n' "$part" "$verdict" "$took"
    summary+=("$(printf '%-18s %-7s %4d s   %s' "$part" "$verdict" "$took" "$(title "$part")")")
done

printf '\n=== summary ===\n'
printf '%s\n' "${summary[@]}"
printf 'test parts: %d passed, %d failed, in %d s\n' $((${#parts[@]} - failed)) "$failed" $(($(date +%s) - began))
[ "$failed" -eq 0 ]
