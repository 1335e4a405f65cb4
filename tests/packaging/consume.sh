#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs a build into a scratch folder, moves it, and uses it as a stranger would.
#   consume.sh find_package|pkg_config|add_subdirectory BUILD_DIR SOURCE_DIR [BUILD_TYPE [CXX_FLAGS]]
# Type and flags are those of the build under test, so that a compiler cache spares compiling it all again.
set -euo pipefail
way=$1 build=$2 source=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

run() { # the consumer must find libskep and search without any environment variable
    local printed
    printed=$("$@" 2> "$scratch/stderr") || { cat "$scratch/stderr"; echo "failed: $*"; exit 1; }
    [[ ! -s "$scratch/stderr" ]] || { cat "$scratch/stderr"; echo "wrote to stderr"; exit 1; }
    [[ "$printed" == "device "*" key 0 distance 0" ]] || { echo "unexpected: $printed"; exit 1; }
    echo "$printed"
}

if [[ "$way" == add_subdirectory ]]; then
    cmake -S "$source/tests/packaging/consumer" -B "$scratch/build" -G Ninja -DSKEP_SOURCE_DIR="$source" -DSKEP_CUDA=OFF \
        -DSKEP_BUILD_CLI=OFF -DCMAKE_BUILD_TYPE="${4:-Release}" -DCMAKE_CXX_FLAGS="${5:-}" > "$scratch/log" 2>&1 ||
        { cat "$scratch/log"; exit 1; }
    cmake --build "$scratch/build" --target consumer > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
    run "$scratch/build/consumer"
    exit
fi

cmake --install "$build" --prefix "$scratch/first" > /dev/null
mv "$scratch/first" "$scratch/moved" # nothing may remember where it was installed
case "$way" in
find_package)
    cmake -S "$source/tests/packaging/consumer" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/moved" > /dev/null
    cmake --build "$scratch/build" > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
    run "$scratch/build/consumer"
    ;;
pkg_config)
    pc=$(dirname "$(find "$scratch/moved" -name skep-core.pc)")
    # shellcheck disable=SC2046
    c++ -std=c++17 "$source/tests/packaging/consumer/consumer.cpp" -o "$scratch/consumer" \
        $(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs skep-core) \
        "-Wl,-rpath,$(PKG_CONFIG_PATH=$pc pkg-config --variable=libdir skep-core)"
    run "$scratch/consumer"
    # A plugin author needs headers alone.
    printf '#include <skep/backend.h>\nint main(void) { return SKEP_BACKEND_ABI_VERSION - 1; }\n' > "$scratch/author.c"
    # shellcheck disable=SC2046
    cc -std=c99 -Wall -Wextra -Werror "$scratch/author.c" -o "$scratch/author" $(PKG_CONFIG_PATH=$pc pkg-config --cflags skep-abi)
    "$scratch/author"
    ;;
*) echo "unknown way: $way"; exit 2 ;;
esac
