#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other, and prints how many executions each had. A crash, or a target
# without a single execution, is a failure.
#
#   scripts/fuzz.sh 60                  every target for 60 seconds
#   scripts/fuzz.sh 60 frames pair      only the targets named
#
# The committed seeds in fuzz/corpus are read and left alone; what is found anew goes to build/fuzz, and a crash to
# fuzz/artifacts, with the command that replays it. scripts/setup.sh fuzz installs cargo-fuzz; no nightly toolchain is
# needed, as RUSTC_BOOTSTRAP lets the stable one instrument. SANITIZER=address (the default is none: the core has no
# unsafe code) also watches the memory of the C interface.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
    printf "fuzz: error: '%s' is no number of seconds; expected a whole number above 0\n" "$seconds" >&2
    exit 2
}
shift || true

known=()
for source in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$source" .rs)
    if grep -q "fuzz_target!" "$source"; then known+=("$name"); fi
done
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
    [[ " ${known[*]} " == *" $target "* ]] || {
        printf "fuzz: error: unknown target '%s'; expected some of: %s\n" "$target" "${known[*]}" >&2
        exit 2
    }
done

export RUSTC_BOOTSTRAP=1
sanitizer=${SANITIZER:-none}
[[ $sanitizer =~ ^(none|address|leak|memory|thread)$ ]] || {
    printf "fuzz: error: unknown sanitizer '%s'; expected none, address, leak, memory or thread\n" "$sanitizer" >&2
    exit 2
}
cargo fuzz build --sanitizer "$sanitizer" || exit 1

mkdir -p build/fuzz
summary=()
failed=0
for target in "${targets[@]}"; do
    printf '\n=== fuzz: %s for %s s ===\n' "$target" "$seconds"
    found=build/fuzz/$target
    log=build/fuzz/$target.log
    mkdir -p "$found"
    seeds=()
    [ -d "fuzz/corpus/$target" ] && seeds=("fuzz/corpus/$target")
    cargo fuzz run --sanitizer "$sanitizer" "$target" "$found" "${seeds[@]}" -- \
        "-max_total_time=$seconds" -max_len=2048 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 2>&1 | tee "$log" | grep -vE '^#[0-9]+.*(NEW|REDUCE|pulse)'
    status=${PIPESTATUS[0]}
    executions=$(sed -n 's/^stat::number_of_executed_units: *\([0-9]*\).*/\1/p' "$log" | tail -n 1)
    verdict=ok
    if [ "$status" -ne 0 ] || [ "${executions:-0}" -eq 0 ]; then verdict=FAILED failed=$((failed + 1)); fi
    summary+=("$(printf '%-24s %-7s %12s executions' "$target" "$verdict" "${executions:-0}")")
done

printf '\n=== summary ===\n'
printf '%s\n' "${summary[@]}"
printf 'fuzz targets: %d clean, %d failed, %s s each\n' $((${#targets[@]} - failed)) "$failed" "$seconds"
[ "$failed" -eq 0 ]
