# shellcheck shell=bash
# What the jobs need, and how it gets here. Sourced by scripts/check.
# Tools that are not Rust's own are kept outside the tree, in the user's cache.

readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/cpni-guard
export PATH=$PATH:$HOME/.cargo/bin:$CACHE/bin

readonly SKIPPED=77

# Says a line to the person, whatever happens to the job's own output.
note() {
    printf '  %s\n' "$*" >&3
}

skip() {
    note "skipped: $*"
    exit "$SKIPPED"
}

fail() {
    note "failed: $*"
    exit 1
}

# For what a person may lack and CI may not.
skip_unless_ci() {
    [[ ${CI:-} == true ]] && fail "$@"
    skip "$@"
}

need_rust() {
    if ! command -v cargo > /dev/null; then
        echo "Rust is missing. This installs it: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
        exit 1
    fi
}

# need_component rustfmt fmt: the component behind `cargo fmt`.
need_component() {
    cargo "$2" --version > /dev/null 2>&1 && return
    note "installing $1"
    rustup component add "$1" || fail "$1 is missing, and 'rustup component add $1' did not bring it"
}

# SQLite is compiled from C.
need_c_compiler() {
    command -v "${CC:-cc}" > /dev/null || fail "a C compiler is missing (Debian: apt-get install build-essential)"
}

# need_toolchain 1.89: succeeds when `cargo +1.89` works.
need_toolchain() {
    command -v rustup > /dev/null || return 1
    cargo "+$1" --version > /dev/null 2>&1 && return
    note "installing Rust $1"
    rustup toolchain install "$1" --profile minimal --no-self-update
}

# need_cargo_tool deny 0.20: `cargo deny`, built without optimisation: a quarter of the time
# (64 s instead of 232 s), and fast enough for a tree of this size.
need_cargo_tool() {
    cargo "$1" --version > /dev/null 2>&1 && return
    note "installing cargo-$1 $2 into $CACHE"
    local build=$CACHE/build status=0
    CARGO_PROFILE_DEV_DEBUG=0 cargo install "cargo-$1" --version "^$2" --locked --debug \
        --root "$CACHE" --target-dir "$build" || status=$?
    rm -rf "$build"
    return "$status"
}
