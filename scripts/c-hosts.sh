#!/usr/bin/env bash
# The hosts in C of examples/c: builds them to build/bin, and runs their tests.
#
#   scripts/c-hosts.sh build    the programs, linked with build/lib/libtaskwire.a (scripts/lib.sh makes it)
#   scripts/c-hosts.sh test     examples/c/tests, with address and undefined-behaviour sanitizers and under valgrind
#
# A file that has a `main` is a program; all others are parts, linked into the programs that stand beside them.
# report.c and stream.c alone know taskwire, so the tests of the other parts need no library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cc=${CC:-cc}
standard=(-std=c99 -D_GNU_SOURCE -Iinclude -g)
strict=(-Wall -Wextra -Wpedantic -Werror)
libraries=(build/lib/libtaskwire.a -lpthread -ldl -lm)

has_main() { grep -qE '^int main\(' "$1"; }

programs=() parts=()
for source in examples/c/*.c; do
    if has_main "$source"; then programs+=("$source"); else parts+=("$source"); fi
done

build() {
    [ -f "${libraries[0]}" ] || {
        printf 'c-hosts: error: %s is missing; scripts/lib.sh makes it\n' "${libraries[0]}" >&2
        exit 1
    }
    mkdir -p build/bin
    local source name linked
    for source in "${programs[@]}"; do
        name=$(basename "$source" .c)
        [ "$name" = agent ] && name=taskwire-agent
        # A program that includes no part is whole in itself.
        linked=("$source")
        if grep -qE '^#include "' "$source"; then linked+=("${parts[@]}"); fi
        "$cc" "${standard[@]}" -O2 -Wall -Wextra -o "build/bin/$name" "${linked[@]}" "${libraries[@]}"
        printf 'built build/bin/%s\n' "$name"
    done
}

# An archive of the parts, from which a test takes those that it calls: archive <name> <flag>...
archive() {
    local name=$1 source object objects=()
    shift
    for source in "${parts[@]}"; do
        if grep -qE '^#include [<"]taskwire\.h' "$source"; then continue; fi
        object=build/c-tests/$name-$(basename "$source" .c).o
        "$cc" "${standard[@]}" "${strict[@]}" "$@" -c -o "$object" "$source"
        objects+=("$object")
    done
    rm -f "build/c-tests/$name.a"
    ar rcs "build/c-tests/$name.a" "${objects[@]}"
}

run_tests() {
    mkdir -p build/c-tests
    local source name failed=0 count=0 sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
    archive sanitized -O1 "${sanitizers[@]}"
    archive plain -O1
    for source in examples/c/tests/test_*.c; do
        name=$(basename "$source" .c)
        "$cc" "${standard[@]}" "${strict[@]}" -O1 "${sanitizers[@]}" -o "build/c-tests/$name-sanitized" "$source" build/c-tests/sanitized.a
        "$cc" "${standard[@]}" "${strict[@]}" -O1 -o "build/c-tests/$name-plain" "$source" build/c-tests/plain.a
        printf -- '--- %s, sanitized ---\n' "$name"
        "build/c-tests/$name-sanitized" || failed=$((failed + 1))
        printf -- '--- %s, valgrind ---\n' "$name"
        valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,possible \
            --child-silent-after-fork=yes "build/c-tests/$name-plain" || failed=$((failed + 1))
        count=$((count + 2))
    done
    printf 'C host tests: %d passed, %d failed\n' $((count - failed)) "$failed"
    [ "$failed" -eq 0 ] && [ "$count" -gt 0 ]
}

case "${1:-}" in
build) build ;;
test) run_tests ;;
*)
    printf "c-hosts: error: unknown argument '%s'; expected build or test\n" "${1:-}" >&2
    exit 2
    ;;
esac
