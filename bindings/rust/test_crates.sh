#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and tests both crates against a libskep: layouts, conformance, threads, leaks, the README's example.
#   SKEP_LIB_DIR=build/dev/lib bindings/rust/test_crates.sh          ends with 77 where there is no cargo
set -euo pipefail
cd "$(dirname "$0")"
command -v cargo > /dev/null || { echo "SKIPPED: no cargo (package cargo)"; exit 77; }

export LD_LIBRARY_PATH="$SKEP_LIB_DIR${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export CARGO_TARGET_DIR="${SKEP_BINDINGS_BUILD_DIR:-../../build/bindings}/rust"
cargo test --locked --offline
