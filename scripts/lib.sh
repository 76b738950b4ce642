#!/usr/bin/env bash
# Builds the C library of taskwire and puts it where C programs find it: build/lib/libtaskwire.a and libtaskwire.so.
# The header is include/taskwire.h, committed. What a program links besides is said at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}

cargo build --locked --release -p taskwire-ffi
mkdir -p build/lib
for end in a so; do
    built=$target/release/libtaskwire_ffi.$end
    [ -f "$built" ] || {
        printf 'lib: error: %s was not built; expected from package taskwire-ffi with crate types staticlib and cdylib\n' "$built" >&2
        exit 1
    }
    cp -f "$built" "build/lib/.new.$end"
    mv -f "build/lib/.new.$end" "build/lib/libtaskwire.$end"
done
printf 'lib: build/lib/libtaskwire.a and libtaskwire.so; header include/taskwire.h\n'
printf 'lib: static: cc program.c -Iinclude build/lib/libtaskwire.a -lpthread -ldl -lm\n'
printf 'lib: shared: cc program.c -Iinclude -Lbuild/lib -ltaskwire -Wl,-rpath,"$PWD/build/lib"\n'
