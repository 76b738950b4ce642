#!/usr/bin/env bash
# Builds the C library of taskwire and puts it where C programs find it: build/lib/libtaskwire.a and libtaskwire.so, a
# link to libtaskwire.so.MAJOR (its soname) and so to libtaskwire.so.MAJOR.MINOR.PATCH. The header is
# include/taskwire.h, committed. What a program links besides is said at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

cargo build --locked --release -p taskwire-ffi
mkdir -p build/lib
put() { # put <built> <name>: whole or not at all, so that a program that is being linked never sees half of it
    [ -f "$1" ] || {
        printf 'lib: error: %s was not built; expected from package taskwire-ffi with crate types staticlib and cdylib\n' "$1" >&2
        exit 1
    }
    cp -f "$1" "build/lib/.new.$2"
    mv -f "build/lib/.new.$2" "build/lib/$2"
}
put "$target/release/libtaskwire_ffi.a" libtaskwire.a
put "$target/release/libtaskwire_ffi.so" "libtaskwire.so.$version"
ln -sf "libtaskwire.so.$version" "build/lib/libtaskwire.so.${version%%.*}"
ln -sf "libtaskwire.so.${version%%.*}" build/lib/libtaskwire.so
printf 'lib: build/lib/libtaskwire.a and libtaskwire.so; header include/taskwire.h\n'
printf 'lib: static: cc program.c -Iinclude build/lib/libtaskwire.a -lpthread -ldl -lm\n'
printf 'lib: shared: cc program.c -Iinclude -Lbuild/lib -ltaskwire -Wl,-rpath,"$PWD/build/lib"\n'
