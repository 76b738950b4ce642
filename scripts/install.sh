#!/usr/bin/env bash
# Installs the C library: header, static and shared library with its soname, the static library for small devices,
# pkg-config and CMake files.
#
#   scripts/install.sh install      into PREFIX (/usr/local), below DESTDIR if that is set
#   scripts/install.sh uninstall    takes away exactly what install puts there
#   scripts/install.sh test         installs into a temporary place and uses what is there in every way that is documented
#
# LIBDIR and INCLUDEDIR say where libraries and headers go, PREFIX/lib and PREFIX/include if they are not set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
destdir=${DESTDIR:-}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
major=${version%%.*} minor=${version#*.}
minor=${minor%%.*}
# What the static library needs beside itself.
system_libraries="-lpthread -ldl -lm"

fail() {
    printf 'install: error: %s\n' "$*" >&2
    exit 1
}

case $prefix$libdir$includedir in
*[[:space:]\;\\\&\|]*) fail "PREFIX, LIBDIR and INCLUDEDIR may hold no blanks and none of ; \\ & |" ;;
esac
for place in "$prefix" "$libdir" "$includedir"; do
    [ "${place#/}" != "$place" ] || fail "PREFIX, LIBDIR and INCLUDEDIR must begin with /, and one is '$place'"
done

# Everything that is put there, one a line, the links last.
installed() {
    printf '%s\n' "$includedir/taskwire.h" "$libdir/libtaskwire.a" "$libdir/libtaskwire.so.$version" \
        "$libdir/libtaskwire-small.a" "$libdir/pkgconfig/taskwire.pc" "$libdir/cmake/taskwire/taskwireConfig.cmake" \
        "$libdir/cmake/taskwire/taskwireConfigVersion.cmake" "$libdir/libtaskwire.so.$major" "$libdir/libtaskwire.so"
}

filled() { # filled <template> <to>: the template with its places filled
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@INCLUDEDIR@|$includedir|g" \
        -e "s|@INCLUDEDIR_FROM_LIBDIR@|$(realpath -m --relative-to="$libdir" "$includedir")|g" \
        -e "s|@VERSION@|$version|g" -e "s|@MAJOR@|$major|g" -e "s|@MINOR@|$minor|g" \
        -e "s|@SYSTEM_LIBRARIES@|$3|g" "packaging/$1.in" >"$destdir$2"
    chmod 644 "$destdir$2"
}

install_all() {
    [ -f "build/lib/libtaskwire.so.$version" ] || fail "build/lib has no library of version $version; run 'make lib' first"
    [ -f build/lib/libtaskwire-small.a ] || scripts/lib-small.sh >/dev/null
    mkdir -p "$destdir$includedir" "$destdir$libdir/pkgconfig" "$destdir$libdir/cmake/taskwire"
    install -m 644 include/taskwire.h "$destdir$includedir/taskwire.h"
    install -m 644 build/lib/libtaskwire.a "$destdir$libdir/libtaskwire.a"
    install -m 644 build/lib/libtaskwire-small.a "$destdir$libdir/libtaskwire-small.a"
    install -m 755 "build/lib/libtaskwire.so.$version" "$destdir$libdir/libtaskwire.so.$version"
    filled taskwire.pc "$libdir/pkgconfig/taskwire.pc" "$system_libraries"
    filled taskwireConfig.cmake "$libdir/cmake/taskwire/taskwireConfig.cmake" "${system_libraries// /;}"
    filled taskwireConfigVersion.cmake "$libdir/cmake/taskwire/taskwireConfigVersion.cmake" ""
    ln -sf "libtaskwire.so.$version" "$destdir$libdir/libtaskwire.so.$major"
    ln -sf "libtaskwire.so.$major" "$destdir$libdir/libtaskwire.so"
    printf 'install: taskwire %s is in %s\n' "$version" "$destdir$prefix"
}

uninstall_all() {
    local file
    while read -r file; do rm -f "$destdir$file"; done < <(installed)
    # The one folder that is ours alone.
    if [ -d "$destdir$libdir/cmake/taskwire" ]; then rmdir --ignore-fail-on-non-empty "$destdir$libdir/cmake/taskwire"; fi
    printf 'install: taskwire %s is gone from %s\n' "$version" "$destdir$prefix"
}

# --- the test ---

# speaks <name> <agent> <controller> [<library path>]: the two hello programs have a talk, and say what the docs say.
speaks() {
    local name=$1 folder address log
    folder=$(mktemp -d -p "$scratch")
    log=$folder/controller.log
    : >"$log" # it is looked at before the controller has begun
    LD_LIBRARY_PATH=${4:-} timeout 60 "$3" 0 "$folder/audit" >"$log" 2>&1 &
    local controller=$!
    for _ in $(seq 100); do
        address=$(sed -n 's/^listening on //p' "$log")
        [ -z "$address" ] || break
        sleep 0.1
    done
    LD_LIBRARY_PATH=${4:-} timeout 60 "$2" "${address%:*}" "${address##*:}" "$folder/epoch" >"$folder/agent.log" || fail "$name: the agent failed"
    wait "$controller" || fail "$name: the controller failed: $(cat "$log")"
    grep -q '^build #42 is done, and durable at the controller$' "$folder/agent.log" || fail "$name: the agent said: $(cat "$folder/agent.log")"
    [ "$(wc -l <"$folder/audit")" -eq 3 ] || fail "$name: the audit file has: $(cat "$folder/audit")"
    printf 'PASS %s\n' "$name"
}

test_all() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    local cc=${CC:-cc} name
    # Once staged for a package, with a layout of its own; what is left after uninstall is nothing.
    prefix=/usr libdir=/usr/lib/some-triple includedir=/usr/include destdir=$scratch/stage
    install_all
    diff <(cd "$destdir" && find . -type f -o -type l | sed 's/^\.//' | sort) <(installed | sort) || fail "what is installed is not what is said"
    grep -q '^libdir=/usr/lib/some-triple$' "$destdir$libdir/pkgconfig/taskwire.pc" || fail "taskwire.pc names another place"
    uninstall_all
    [ -z "$(find "$destdir" -type f -o -type l)" ] || fail "uninstall has left $(find "$destdir" -type f -o -type l)"
    printf 'PASS staged below DESTDIR, and taken away\n'

    prefix=$scratch/tree libdir=$prefix/lib includedir=$prefix/include destdir=
    install_all
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    [ "$(pkg-config --modversion taskwire)" = "$version" ] || fail "pkg-config gives another version"
    objdump -p "$libdir/libtaskwire.so" | grep -q "SONAME *libtaskwire.so.$major\$" || fail "the soname is not libtaskwire.so.$major"
    local flags=(-std=c99 -D_GNU_SOURCE -O1)
    for name in hello_agent hello_controller; do
        # shellcheck disable=SC2046
        "$cc" "${flags[@]}" "examples/c/$name.c" $(pkg-config --cflags --libs taskwire) -o "$scratch/$name-shared"
        # shellcheck disable=SC2046
        "$cc" "${flags[@]}" "examples/c/$name.c" $(pkg-config --cflags taskwire) $(pkg-config --variable=static taskwire) -o "$scratch/$name-static"
    done
    # The whole program static; the C library warns that getaddrinfo wants its own shared parts at run time.
    # shellcheck disable=SC2046
    "$cc" "${flags[@]}" -static examples/c/hello_controller.c $(pkg-config --static --cflags --libs taskwire) -o "$scratch/hello_controller-whole"
    # shellcheck disable=SC2046
    "$cc" "${flags[@]}" examples/c/hello_agent.c $(pkg-config --cflags taskwire) "$libdir/libtaskwire-small.a" -Wl,--gc-sections -o "$scratch/hello_agent-small"
    speaks "the small library" "$scratch/hello_agent-small" "$scratch/hello_controller-static"
    speaks "pkg-config, shared" "$scratch/hello_agent-shared" "$scratch/hello_controller-shared" "$libdir"
    speaks "pkg-config, static" "$scratch/hello_agent-static" "$scratch/hello_controller-static"
    speaks "pkg-config --static, the whole program" "$scratch/hello_agent-static" "$scratch/hello_controller-whole"

    # A tree that was moved: CMake finds its way from where the files lie.
    mv "$scratch/tree" "$scratch/moved"
    cmake -S packaging/test-cmake -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$scratch/moved" -DCMAKE_C_FLAGS=-D_GNU_SOURCE \
        -DHELLO_SOURCE="$PWD/examples/c/hello_agent.c" >"$scratch/cmake.log" 2>&1 || fail "cmake: $(cat "$scratch/cmake.log")"
    cmake --build "$scratch/cmake" >"$scratch/cmake.log" 2>&1 || fail "cmake --build: $(cat "$scratch/cmake.log")"
    speaks "CMake, shared" "$scratch/cmake/hello_shared" "$scratch/hello_controller-static"
    speaks "CMake, static" "$scratch/cmake/hello_static" "$scratch/hello_controller-static"
    ldd "$scratch/cmake/hello_static" | grep -q libtaskwire && fail "the static program wants the shared library"
    printf 'installation: 7 ways passed\n'
}

case "${1:-}" in
install) install_all ;;
uninstall) uninstall_all ;;
test) test_all ;;
*)
    printf "install: error: unknown argument '%s'; expected install, uninstall or test\n" "${1:-}" >&2
    exit 2
    ;;
esac
