#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches what the tests of bindings use from crates.io and npm, as their lock files say. Quick when it is all there.
#   bindings/fetch_packages.sh [rust|node]        without an argument: for every language whose tool is here
set -euo pipefail
cd "$(dirname "$0")"

fetch_rust() {
    cargo fetch -q --locked --offline --manifest-path rust/Cargo.toml 2> /dev/null ||
        cargo fetch -q --locked --manifest-path rust/Cargo.toml
}
fetch_node() {
    [[ node/node_modules/.package-lock.json -nt node/package-lock.json ]] && return
    npm ci --prefix node --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
}

case "${1:-all}" in
rust) fetch_rust ;;
node) fetch_node ;;
all)
    # What cannot be fetched is told here; the tests that need it are then skipped.
    if command -v cargo > /dev/null; then fetch_rust || echo "fetch_packages.sh: no crates for the tests of Rust" >&2; fi
    if command -v npm > /dev/null; then fetch_node || echo "fetch_packages.sh: no packages for the tests of Node" >&2; fi
    ;;
*) echo "usage: bindings/fetch_packages.sh [rust|node]" >&2; exit 2 ;;
esac
