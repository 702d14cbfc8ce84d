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

# need_debian PACKAGE...: Debian's packages, where this is Debian and we may install.
need_debian() {
    local missing=() package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ! command -v apt-get > /dev/null || ((EUID != 0)); then
        note "missing: ${missing[*]} (Debian, as root: apt-get install ${missing[*]})"
        return 1
    fi
    note "installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The machine's own mirror: the first one that has Debian's main suite.
debian_mirror() {
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        awk '$3 == "main" && $2 !~ /-/ { print $1; exit }')
    [[ $mirror ]] || { note "no Debian mirror in this machine's sources"; return 1; }
    echo "$mirror"
}

# A JDK of 17 or newer, and Maven.
need_java() {
    local version
    version=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
    if ((${version:-0} < 17)); then need_debian openjdk-17-jdk-headless || return 1; fi
    command -v mvn > /dev/null || need_debian maven
}

# A screen that nobody sees, and a JRE that can draw on it.
need_screen() {
    command -v xvfb-run > /dev/null || need_debian xvfb xauth || return 1
    local java
    java=$(readlink -f "$(command -v java)")
    [[ -e ${java%/bin/java}/lib/libawt_xawt.so ]] || need_debian openjdk-17-jre
}

# Swift 6 is in Debian 13 and not in Debian 12, so a tree of Debian 13 is unpacked beside the project
# once, and entered for each command. Nothing of it is installed into the system.
readonly SWIFT_ROOT=$CACHE/swift-trixie

swift_is_here() {
    swift --version 2> /dev/null | grep -qE 'Swift version ([6-9]|[1-9][0-9])\.'
}

need_swift() {
    if swift_is_here || [[ -e $SWIFT_ROOT/complete ]]; then return 0; fi
    need_debian mmdebstrap || return 1
    note "unpacking Swift 6 from Debian 13 into $SWIFT_ROOT (550 MB to fetch, 2.5 GB on disk)"
    local mirror
    mirror=$(debian_mirror) || return 1
    rm -rf "$SWIFT_ROOT"
    mkdir -p "$CACHE"
    mmdebstrap --variant=extract --quiet --include=swiftlang,libc6-dev,libstdc++-14-dev,bash,coreutils \
        trixie "$SWIFT_ROOT" "deb $mirror trixie main" || return 1
    touch "$SWIFT_ROOT/complete"
}

# with_swift COMMAND...: runs it where `swift` is, in this folder, which has its own path there too.
# A mount namespace of its own: nothing stays mounted.
with_swift() {
    if swift_is_here; then
        "$@"
        return
    fi
    local unshare=(unshare --mount --propagation private --pid --fork --kill-child)
    ((EUID == 0)) || unshare+=(--user --map-root-user)
    # shellcheck disable=SC2016 # expanded inside
    "${unshare[@]}" -- bash -euc '
        mkdir -p "$1/proc" "$1/dev" "$1$2"
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount --bind "$2" "$1$2"
        exec chroot "$1" /usr/bin/env -i PATH=/usr/libexec/swift/bin:/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 \
            bash -euc "cd \"\$1\"; shift; exec \"\$@\"" _ "$2" "${@:3}"
    ' _ "$SWIFT_ROOT" "$PWD" "$@"
}

# A Python of its own in a folder. On Debian that takes a package beside Python.
make_venv() {
    python3 -c 'import ensurepip' 2> /dev/null || need_debian python3-venv || return 1
    rm -rf "$1"
    python3 -m venv "$1"
}

# need_python_packages NAME REQUIREMENTS: prints the Python of a folder of its own that holds these packages,
# each pinned by its hash.
need_python_packages() {
    local folder python stamp
    stamp=$(cksum < "$2" | cut -d" " -f1)
    folder=$CACHE/python/$1-$stamp
    python=$folder/bin/python
    if [[ ! -e $folder/complete ]]; then
        command -v python3 > /dev/null || return 1
        note "installing the packages of $2 into $folder"
        make_venv "$folder" >&2 || return 1
        "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$2" >&2 || return 1
        touch "$folder/complete"
    fi
    echo "$python"
}

# The generator of the Kotlin and Swift code: minutes to build, so it is kept a version long. Built
# without debug information; sets $BINDGEN.
need_bindgen() {
    local key
    key=$({
        cat bindings/bindgen/Cargo.toml bindings/bindgen/src/main.rs
        grep -A 1 '^name = "uniffi' bindings/Cargo.lock
    } | cksum | cut -d' ' -f1)
    BINDGEN=$CACHE/bin/cpni-guard-bindgen-$key
    [[ -x $BINDGEN ]] && return
    note "building the generator of the bindings into $CACHE"
    CARGO_PROFILE_DEV_DEBUG=0 cargo build --manifest-path bindings/Cargo.toml --locked -p cpni-guard-bindgen >&2
    mkdir -p "$CACHE/bin"
    # Under another name first: two runs at once must not see half a file.
    cp "${CARGO_TARGET_DIR:-bindings/target}/debug/cpni-guard-bindgen" "$BINDGEN.$$"
    mv "$BINDGEN.$$" "$BINDGEN"
}
