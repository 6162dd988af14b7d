# shellcheck shell=bash
# What ./demo and ./test need from the machine. Sourced, with the repository's root as working directory.

step() {
    printf '\n==> %s\n' "$*"
}

stop() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Checks for cargo and the Rust version that Cargo.toml asks for.
need_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    # A shell that was started before rustup was installed does not know its folder.
    has cargo || PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
    has cargo || stop "cargo is missing" \
        "Install Rust $wanted or newer with rustup (https://rustup.rs), open a new shell and start this again."
    found=$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)
    [ -n "$found" ] || stop "rustc does not run" "With rustup: rustup default stable"
    if [ "$(printf '%s\n' "$wanted" "${found%%-*}" | sort --version-sort | head -n 1)" != "$wanted" ]; then
        stop "Rust $found is installed, $wanted or newer is needed" \
            "With rustup: rustup update stable (and look for an override with: rustup show)." \
            "Distributions' own packages are often older; rustup (https://rustup.rs) has the current one."
    fi
}

# Checks for parts of the toolchain that a minimal installation leaves out, and adds them.
need_rust_components() {
    local component
    for component in "$@"; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 && continue
        has rustup || stop "$component is missing" "Install it from the same source as cargo."
        step "adding $component to the Rust toolchain"
        rustup component add "$component" || stop "$component could not be added"
    done
}

compiles() {
    echo '#include <stdlib.h>
          int main(void) { return EXIT_SUCCESS; }' | cc -x c -o /dev/null - >/dev/null 2>&1
}

streams() {
    /usr/bin/python3 - <<'PYTHON'
import gi

gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer

Gst.init(None)
assert all(map(Gst.ElementFactory.find, ["videotestsrc", "x264enc", "rtph264pay", "jpegenc", "rtpjpegpay"]))
PYTHON
}

# Whether a program is there and works: a C compiler finds its headers and its linker, Python makes environments, GStreamer serves streams.
works() {
    case $1 in
        cc) compiles ;;
        venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
        # The bindings are packages of the system's Python, whatever other stands before it.
        gstreamer) streams >/dev/null 2>&1 ;;
        # Servers are in a folder that many a user's path leaves out.
        *) (PATH="$PATH:/usr/sbin" has "$1") ;;
    esac
}

# Installs packages: as_root COMMAND… runs a command as root. What they bring is wanted as programs: no service starts now or at the next boot.
install_packages() (
    policy=/usr/sbin/policy-rc.d # Debian's own way to forbid starts; one that is there forbids them, or is somebody's choice
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" || return
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 update || return
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 install --yes --no-install-recommends "$@" || return
    for package in "$@"; do
        [ ! -e "/etc/init.d/$package" ] || as_root update-rc.d "$package" disable || return
    done
)

# Checks for programs, each given as "PROGRAM:PACKAGE PACKAGE", and on Debian and Ubuntu installs the packages of the missing ones.
need_programs() {
    local entry names missing=() packages=()
    for entry in "$@"; do
        works "${entry%%:*}" && continue
        missing+=("${entry%%:*}")
        read -r -a names <<<"${entry#*:}"
        packages+=("${names[@]}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    has apt-get || stop "missing: ${missing[*]}" \
        "Install them with your system's package manager and start this again." \
        "(On Debian and Ubuntu the packages are: ${packages[*]})"
    as_root() { "$@"; }
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || stop "missing: ${missing[*]}" "As root: apt-get install ${packages[*]}"
        as_root() { sudo "$@"; }
    fi
    step "installing ${packages[*]}"
    install_packages "${packages[@]}" ||
        stop "the packages could not be installed" "Install them by hand and start this again: ${packages[*]}"
}

# What every build needs: the libraries written in C that dependencies bring along.
need_to_build() {
    need_rust
    need_programs "cc:gcc libc6-dev" c++:g++ pkg-config:pkg-config cmake:cmake
}
