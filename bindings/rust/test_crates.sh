#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and tests both crates against a libskep: layouts, conformance, threads, leaks, the README's example.
#   SKEP_LIB_DIR=build/dev/lib bindings/rust/test_crates.sh          ends with 77 where there is no cargo or no crates.io
set -euo pipefail
cd "$(dirname "$0")"
command -v cargo > /dev/null || { echo "SKIPPED: no cargo (package cargo)"; exit 77; }

export LD_LIBRARY_PATH="$SKEP_LIB_DIR${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export CARGO_TARGET_DIR="${SKEP_BINDINGS_BUILD_DIR:-../../build/bindings}/rust"
if ! cargo fetch -q --locked --offline 2> /dev/null && ! cargo fetch -q --locked; then
    echo "SKIPPED: serde_json, which reads the table, could not be had from crates.io"
    exit 77
fi
cargo test --locked --offline
