#!/bin/sh
# SPDX-License-Identifier: MIT
# Cross-compiles the NEON kernels with Debian's g++-aarch64-linux-gnu and checks them under qemu-user.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
compiler=${SKEP_AARCH64_CXX:-aarch64-linux-gnu-g++}
emulator=${SKEP_AARCH64_EMULATOR:-}
if [ -z "$emulator" ]; then
    emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
fi
command -v "$compiler" > /dev/null || { echo "neon_kernels: no $compiler (package g++-aarch64-linux-gnu)" >&2; exit 1; }
[ -n "$emulator" ] || { echo "neon_kernels: no qemu-aarch64 (package qemu-user)" >&2; exit 1; }

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cpu=$root/plugins/cpu
flags="-std=c++20 -O2 -static -ffp-contract=off -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Werror"
# shellcheck disable=SC2086
"$compiler" $flags -I"$cpu" -I"$root/abi/include" -I"$root/common/include" -I"$root/tests" \
    "$root/tests/unit/plugins/cpu/neon_kernels_main.cpp" "$cpu/search/bounds.cpp" \
    "$cpu"/kernels/scalar/*.cpp "$cpu"/kernels/neon/*.cpp -o "$build/neon_kernels"
"$emulator" "$build/neon_kernels"
