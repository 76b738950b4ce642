#!/usr/bin/env bash
# The programs of docs/EMBEDDING.md as a stranger builds them: against an installed copy of the library, found by pkg-config,
# and with the core as it stands for Rust. Then they talk to one another, and what they say is compared.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
folder=$PWD/build/embedding

rm -rf "$folder"
mkdir -p "$folder"
scripts/lib.sh
PREFIX=$folder/prefix scripts/install.sh install
export PKG_CONFIG_PATH=$folder/prefix/lib/pkgconfig LD_LIBRARY_PATH=$folder/prefix/lib

read -ra flags <<<"$(pkg-config --cflags --libs taskwire)"
"${CC:-cc}" -std=c99 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o "$folder/agent-c" examples/embedding/agent.c "${flags[@]}"
"${CC:-cc}" -std=c99 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o "$folder/memory" examples/embedding/memory.c "${flags[@]}"
timeout 60 "$folder/memory"
(
    cd ffi/go
    GOCACHE=$PWD/../../build/go-cache GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOPROXY=off \
        "${GO:-go}" build -tags taskwire_pkgconfig -o "$folder/agent-go" ../../examples/embedding/agent.go
)
cargo build --locked --release -p taskwire-examples --bin embedding_controller

: >"$folder/controller.log" # it is looked at before the controller has begun
"$target/release/embedding_controller" 127.0.0.1:0 "$folder/audit" 2 >"$folder/controller.log" 2>&1 &
controller=$!
trap 'kill "$controller" 2>/dev/null || true' EXIT
for _ in $(seq 200); do
    address=$(sed -n 's/^listening on //p' "$folder/controller.log")
    [ -z "$address" ] || break
    sleep 0.05
done
timeout 60 "$folder/agent-c" "${address%:*}" "${address##*:}" "$folder/epoch-c" >"$folder/agent-c.log" &
timeout 60 "$folder/agent-go" "$address" "$folder/epoch-go" >"$folder/agent-go.log"
wait $!
timeout 60 tail --pid="$controller" -f /dev/null
wait "$controller"

expect() { # expect <file> <lines>: the file has these lines, in any order
    diff <(sort "$folder/$1") <(printf '%s\n' "${@:2}" | sort) || {
        printf 'embedding: error: %s is not what docs/EMBEDDING.md says; see above\n' "$1" >&2
        exit 1
    }
}
c=0f8fad5b-d9cb-469f-a165-70867728950e go=00000000-0000-0000-0000-00000000002b
expect audit {"$c","$go"}" #1 PENDING" {"$c","$go"}" #2 RUNNING" {"$c","$go"}" #3 SUCCEEDED"
expect agent-c.log "build #42 is done, and durable at the controller"
expect agent-go.log "build #43 is done, and durable at the controller"
expect controller.log "listening on $address" "edge-c $c SUCCEEDED attempt 0" "edge-go $go SUCCEEDED attempt 0"
printf 'embedding: the programs of docs/EMBEDDING.md have talked to one another, built against %s\n' "$folder/prefix"
