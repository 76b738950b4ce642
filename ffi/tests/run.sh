#!/usr/bin/env bash
# The tests of the C interface in C and C++: every program of tests/c, compiled as C99 and as C++11 without a warning, and
# run against the static library under the address and undefined-behaviour sanitizers, against the static library under
# valgrind, and against the shared library. The last line says how many tests passed; the exit status is 0 only if none
# failed.
#
#   ffi/tests/run.sh            everything
#   ffi/tests/run.sh life       only the programs named
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

CARGO=${CARGO:-cargo}
CC=${CC:-gcc}
CXX=${CXX:-g++}
WARNINGS=(-Wall -Wextra -Wpedantic -Werror)
PROGRAMS=(layout life journal controller watching errors misuse controller_misuse panics framer)
[ $# -eq 0 ] || PROGRAMS=("$@")

passed=0
failed=0

fail() {
    printf 'FAIL %s\n' "$1"
    failed=$((failed + 1))
}

finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
    exit
}

for tool in "$CC" "$CXX" valgrind; do
    command -v "$tool" >/dev/null || {
        printf 'ffi/tests/run.sh: error: %s is missing; scripts/setup.sh installs what the tests need\n' "$tool" >&2
        exit 2
    }
done

# The library with the functions for tests goes to a directory of its own, so that it is never taken for a product's.
target=${CARGO_TARGET_DIR:-target}/ffi-testing
"$CARGO" build --locked --quiet -p taskwire-ffi --features testing --target-dir "$target" || {
    fail "building the library"
    finish
}
library=$target/debug
# A program asks for the shared library by its soname.
ln -sf libtaskwire_ffi.so "$library/$(objdump -p "$library/libtaskwire_ffi.so" | awk '$1 == "SONAME" { print $2 }')"
build=$target/c
mkdir -p "$build"
# What a Rust library needs beside itself on Linux; as `rustc --print native-static-libs` says.
system_libraries=(-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)

# compile <name of the program> <language> <output> <flags and libraries...>
compile() {
    local program=$1 language=$2 output=$3
    shift 3
    local compiler=("$CC" -std=c99)
    case $language in
    c11) compiler=("$CC" -std=c11) ;;
    c++11) compiler=("$CXX" -x c++ -std=c++11) ;;
    esac
    "${compiler[@]}" "${WARNINGS[@]}" -g -O1 -Iinclude -Iffi/tests/c "ffi/tests/c/$program.c" -o "$output" -x none "$@"
}

# run <title> <command...>: counts the lines PASS and FAIL, and a program that ends badly without a FAIL.
run() {
    local title=$1 output status lines_failed
    shift
    output=$(timeout --kill-after=10 300 "$@" 2>"$build/errors") # a program that hangs has failed
    status=$?
    lines_failed=$(grep -c '^FAIL ' <<<"$output")
    passed=$((passed + $(grep -c '^PASS ' <<<"$output")))
    failed=$((failed + lines_failed))
    if [ "$status" -ne 0 ] || [ "$lines_failed" -ne 0 ]; then
        printf '%s\n' "$output"
        cat "$build/errors"
        printf '(in %s, exit status %d)\n' "$title" "$status"
        [ "$lines_failed" -ne 0 ] || fail "$title"
    fi
}

for program in "${PROGRAMS[@]}"; do
    for language in c99 c++11; do
        title="$program as $language"
        out=$build/$program-$language
        static=("$library/libtaskwire_ffi.a" "${system_libraries[@]}")
        if compile "$program" "$language" "$out-sanitized" -fsanitize=address,undefined -fno-sanitize-recover=all \
            "${static[@]}"; then
            run "$title, sanitized" env ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 "$out-sanitized"
        else
            fail "$title, sanitized: it does not compile"
        fi
        if compile "$program" "$language" "$out-shared" "-L$library" -ltaskwire_ffi; then
            run "$title, shared" env "LD_LIBRARY_PATH=$library" "$out-shared"
        else
            fail "$title, shared: it does not compile"
        fi
    done
    if compile "$program" c11 "$build/$program-static" "$library/libtaskwire_ffi.a" "${system_libraries[@]}"; then
        run "$program as c11, valgrind" valgrind --quiet --error-exitcode=99 --leak-check=full \
            --errors-for-leak-kinds=definite,indirect,possible --show-leak-kinds=definite,indirect,possible \
            "$build/$program-static"
    else
        fail "$program as c11: it does not compile"
    fi
done

# Every allocation fails once: in the whole library, and in the small build.
wraps=(-Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=posix_memalign)
if [ $# -eq 0 ]; then
    if compile memory c11 "$build/memory" -D_GNU_SOURCE "${wraps[@]}" "$library/libtaskwire_ffi.a" "${system_libraries[@]}"; then
        run "memory" env RUST_BACKTRACE=0 "$build/memory"
    else
        fail "memory: it does not compile"
    fi
fi

# The small build: what it has behaves the same. A controller for it to talk to comes from the whole library.
if [ $# -eq 0 ]; then
    if scripts/lib-small.sh >/dev/null; then
        small=(build/lib/libtaskwire-small.a -Wl,--gc-sections -ldl)
        "$CC" -std=c99 "${WARNINGS[@]}" -D_GNU_SOURCE -g -O1 -Iinclude -c ffi/tests/c/far_controller.c -o "$build/far_controller.o" ||
            fail "far_controller: it does not compile"
        for program in layout life journal errors misuse framer memory; do
            more=()
            [ "$program" != memory ] || more=("${wraps[@]}")
            if compile "$program" c11 "$build/$program-small" -D_GNU_SOURCE "${more[@]}" "$build/far_controller.o" "${small[@]}"; then
                run "$program, small build" env "TASKWIRE_WHOLE_LIBRARY=$library/libtaskwire_ffi.so" "$build/$program-small"
            else
                fail "$program, small build: it does not compile"
            fi
        done
        if nm --defined-only build/lib/libtaskwire-small.a 2>/dev/null | grep -q ' [Tt] taskwire_controller_'; then
            fail "the small build has functions of a controller"
        else
            passed=$((passed + 1))
        fi
    else
        fail "building the small library"
    fi
fi

# Every function of the header is in the shared library and is called by a test; the library exports nothing else.
if [ $# -eq 0 ]; then
    # taskwire_stop is the small build's own, and called by the library.
    declared=$(grep -oE '\btaskwire_[a-z_]+\(' include/taskwire.h | tr -d '(' | grep -v '^taskwire_stop$' | sort -u)
    exported=$(nm -D --defined-only "$library/libtaskwire_ffi.so" | awk '$2 == "T" { print $3 }' | sort -u)
    inline=$(grep -oE '^static inline taskwire_status taskwire_[a-z_]+' include/taskwire.h | awk '{ print $4 }' | sort -u)
    missing=$(comm -23 <(comm -23 <(printf '%s\n' "$declared") <(printf '%s\n' "$inline")) <(printf '%s\n' "$exported"))
    extra=$(comm -13 <(printf '%s\n' "$declared") <(printf '%s\n' "$exported") | grep -v '^taskwire_testing_')
    untested=$(for name in $declared; do grep -qE "\b$name\(" ffi/tests/c/*.c ffi/tests/c/*.h || echo "$name"; done)
    for what in missing extra untested; do
        if [ -z "${!what}" ]; then
            passed=$((passed + 1))
        else
            fail "functions $what: $(tr '\n' ' ' <<<"${!what}")"
        fi
    done
fi
finish
