#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what Skep needs on Debian 12 and Ubuntu 24.04. Says nothing when all of it is there already.
#   scripts/install_dependencies.sh [build|test]     build: compiler and libraries; test: also what tests, lint and benches use
set -euo pipefail

mode=${1:-build}
[[ "$mode" == build || "$mode" == test ]] || { echo "usage: scripts/install_dependencies.sh [build|test]" >&2; exit 2; }

distribution=unknown
[[ ! -r /etc/os-release ]] || distribution=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
case "$distribution" in
"debian 12"*) boost=libboost1.81-dev ;;
"ubuntu 24.04"*) boost=libboost1.83-dev ;;
*) boost=libboost-dev ;; # cmake tells if it is too old
esac

# --- the lists ---

build_packages=(g++ cmake ninja-build pkg-config "$boost" libfmt-dev libcli11-dev libxxhash-dev zlib1g-dev gzip)
# Compiles GPU kernels; without it everything but the CUDA backend is built.
build_extras=(clang-19)
test_packages=(
    git python3 ccache libgtest-dev libgmock-dev        # the suite
    libbenchmark-dev libfaiss-dev libhnswlib-dev        # benches, and what they compare with
    g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user # NEON kernels on any machine
    abigail-tools                                       # has the ABI changed?
    python3-venv                                        # ptxas, from PyPI, in a place of its own
    python3-dev                                         # the Python package's extension
)
test_extras=(clang-format-19 clang-tidy-19)
# Languages of the bindings: what is here is taken, whatever its version and wherever it came from.
if [[ "$mode" == test ]]; then
    command -v cargo > /dev/null || test_packages+=(cargo)
    command -v go > /dev/null || test_packages+=(golang-go)
    command -v npm > /dev/null || test_packages+=(nodejs npm)
fi

# --- what of it is missing ---

packages=("${build_packages[@]}")
extras=("${build_extras[@]}")
if [[ "$mode" == test ]]; then
    packages+=("${test_packages[@]}")
    extras+=("${test_extras[@]}")
fi

if ! command -v apt-get > /dev/null; then
    echo "install_dependencies.sh: no apt-get here; going on with what is installed. Needed: ${packages[*]}" >&2
    exit 0
fi

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" == installed ]]; }
is_offered() { apt-cache show "$1" > /dev/null 2>&1; }
missing() {
    local package
    for package in "$@"; do is_installed "$package" || printf '%s\n' "$package"; done
}
mapfile -t needed < <(missing "${packages[@]}")
mapfile -t wanted < <(missing "${extras[@]}")
((${#needed[@]} + ${#wanted[@]} > 0)) || exit 0

# --- install it ---

as_root=()
if ((EUID != 0)); then
    if command -v sudo > /dev/null; then
        as_root=(sudo)
    elif ((${#needed[@]} > 0)); then
        echo "install_dependencies.sh: run as root: apt-get install ${needed[*]}" >&2
        exit 1
    else
        exit 0 # extras alone are no reason to stop
    fi
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" > "$log" 2>&1 || { cat "$log" >&2; return 1; }
}

is_updated=no
update_once() {
    [[ "$is_updated" == yes ]] || apt_get update
    is_updated=yes
}

# Extras that this system does not offer are left out, without looking for them anew each time.
if ((${#needed[@]} > 0)); then update_once; fi
for package in "${wanted[@]}"; do
    if is_offered "$package"; then needed+=("$package"); fi
done
((${#needed[@]} > 0)) || exit 0
update_once
echo "Installing ${needed[*]}"
apt_get install -y --no-install-recommends "${needed[@]}"
