#!/usr/bin/env bash
# Builds the C library for small devices: build/lib/libtaskwire-small.a, the agent role and the framer of the same
# interface (include/taskwire.h), without std, on the program's malloc. Always a release build.
#
#   scripts/lib-small.sh            builds it
#   scripts/lib-small.sh figures    builds it, links a static agent with --gc-sections, and prints as a figure how many bytes
#                                   of what `size` calls text are taskwire's, as the linker's map has them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
cc=${CC:-cc}

# Without unwinding there is nothing that the tables of frames would be for.
RUSTFLAGS="${RUSTFLAGS:-} -C force-unwind-tables=no" "${CARGO:-cargo}" rustc --quiet --locked -p taskwire-ffi --profile small \
    --no-default-features --lib --crate-type staticlib --target-dir "$target/ffi-small"
parts=$target/ffi-small/parts
rm -rf "$parts"
mkdir -p "$parts" build/lib
archive=$PWD/$parts/libtaskwire-small.a
case $target in /*) archive=$parts/libtaskwire-small.a ;; esac
# The archiver complains of the compiler's own bitcode in the objects, which it does not need to understand.
cp "$target/ffi-small/small/libtaskwire_ffi.a" "$archive"
objcopy --remove-section .eh_frame --remove-section .rela.eh_frame "$archive" >"$parts/objcopy.log" 2>&1 || {
    cat "$parts/objcopy.log" >&2
    exit 1
}
"$cc" -std=c99 -D_GNU_SOURCE -Os -ffunction-sections -fno-asynchronous-unwind-tables -Iinclude -c ffi/small/stop.c -o "$parts/stop.o"
ar rs "$archive" "$parts/stop.o" >"$parts/ar.log" 2>&1 || {
    cat "$parts/ar.log" >&2
    exit 1
}
mv -f "$archive" build/lib/libtaskwire-small.a

case ${1:-build} in
build) printf 'lib-small: cc program.c -Iinclude build/lib/libtaskwire-small.a -Wl,--gc-sections\n' ;;
figures)
    "$cc" -static -std=c99 -D_GNU_SOURCE -Os -ffunction-sections -Iinclude examples/c/hello_agent.c build/lib/libtaskwire-small.a \
        -Wl,--gc-sections -Wl,-Map="$parts/agent.map" -s -o "$parts/agent" 2>"$parts/link.log" || {
        cat "$parts/link.log" >&2
        exit 1
    }
    # A line of the map: section, address, size in hexadecimal, and the archive with the object that it came from. An
    # address of 0 is a section that was thrown away. Writable sections are data.
    sed -n 's/^\([.][a-z_.]*\).*/=\1/p; s/^ .*\(0x[0-9a-f]*\)  *\(0x[0-9a-f]*\) .*libtaskwire-small\.a(.*/\1 \2/p' "$parts/agent.map" | {
        sum=0 section=
        while read -r first size; do
            case $first in
            =*) section=${first#=} ;;
            *) case $section in .text* | .rodata* | .eh_frame*) [ $((first)) -eq 0 ] || sum=$((sum + size)) ;; esac ;;
            esac
        done
        printf '{"name": "agent_text_bytes", "value": %d, "unit": "bytes", "goal": 98304}\n' "$sum"
    }
    ;;
*)
    printf "lib-small: error: unknown argument '%s'; expected figures or nothing\n" "$1" >&2
    exit 2
    ;;
esac
