#!/usr/bin/env bash
# Everything in Go: the package of ffi/go and the hosts of examples/go, built and tested with build/lib/libtaskwire.a
# (scripts/lib.sh makes it).
#
#   scripts/go.sh build    the programs, to build/bin, with the Go at hand
#   scripts/go.sh figures  what a call from Go costs beside one from C, as a JSON object
#   scripts/go.sh test     the tests of package and hosts with two versions of Go: the distribution's, and a current one
#                          that scripts/setup.sh has put into build/go; under the race detector, with pointers checked, and
#                          with the garbage collector running between calls
#
# The cache of Go's own is kept below build/, so that nothing outside the repository is written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export GOCACHE=$PWD/build/go-cache GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOPROXY=off GODEBUG=cgocheck=1
# Go's cache knows only what lies in a package's own folder. So the header goes into its key by way of a flag, and what is
# linked with the library is linked anew.
CGO_CPPFLAGS=-DTASKWIRE_HEADER_SUM=$(cksum <include/taskwire.h | cut -d' ' -f1)
export CGO_CPPFLAGS
root=$PWD
go=${GO:-go}
current=$PWD/build/go/go/bin/go
modules=(ffi/go examples/go)

fail() {
    printf 'go: error: %s\n' "$*" >&2
    exit 1
}

[ -f build/lib/libtaskwire.a ] || fail "build/lib/libtaskwire.a is missing; scripts/lib.sh makes it"

build() {
    mkdir -p build/bin
    rm -f build/bin/taskwire-agent-go
    (cd examples/go && "$go" build -o ../../build/bin/taskwire-agent-go ./agent)
    printf 'built build/bin/taskwire-agent-go\n'
}

# in_modules <title> <command>...: runs it in each module.
in_modules() {
    local title=$1 module
    shift
    for module in "${modules[@]}"; do
        printf -- '--- %s: %s ---\n' "$module" "$title"
        (cd "$module" && "$@")
    done
}

run_tests() {
    [ -x "$current" ] || fail "$current is missing; scripts/setup.sh test installs it"
    local unformatted
    unformatted=$("$(dirname "$current")/gofmt" -l "${modules[@]}")
    [ -z "$unformatted" ] || fail "not formatted as gofmt does it: $unformatted"
    in_modules "$("$go" version), race detector" "$go" test -race -count=1 ./...
    in_modules "$("$current" version)" "$current" test -count=1 ./...
    in_modules "$("$current" version), vet" "$current" vet ./...
    printf -- '--- ffi/go: the garbage collector between calls ---\n'
    (cd ffi/go && "$go" test -tags taskwire_gcstress -count=1 ./...)
    printf -- '--- ffi/go: with an installed library, found by pkg-config ---\n'
    rm -rf build/go-installed
    PREFIX=$PWD/build/go-installed scripts/install.sh install
    (cd ffi/go && PKG_CONFIG_PATH=$root/build/go-installed/lib/pkgconfig LD_LIBRARY_PATH=$root/build/go-installed/lib \
        "$go" test -tags taskwire_pkgconfig -count=1 .)
    printf 'Go: all tests passed, with %s and %s\n' "$("$go" env GOVERSION)" "$("$current" env GOVERSION)"
}

figures() {
    mkdir -p build/bin
    rm -f build/bin/cgoratio
    (cd ffi/go && "$go" build -o ../../build/bin/cgoratio ./internal/cgoratio)
    env -u GODEBUG build/bin/cgoratio
}

case "${1:-}" in
build) build ;;
figures) figures ;;
test) run_tests ;;
*)
    printf "go: error: unknown argument '%s'; expected build, figures or test\n" "${1:-}" >&2
    exit 2
    ;;
esac
