#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the libraries of a build tree, packs them into a wheel as pip does, and tests that wheel.
#   bindings/python/test_package.sh BUILD_DIR [pytest arguments ...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
shift
environment=$here/../../build/python_venv
"$here/test_environment.sh" "$environment"
python=$environment/bin/python
work=$build/python_package
mkdir -p "$work"

rm -rf "$work/prefix" "$work/site"
for component in abi core dev plugins; do
    cmake --install "$build" --prefix "$work/prefix" --component "$component" > "$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
done
# Into a folder of its own: several builds share the environment.
"$python" -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps --target "$work/site" \
    --config-settings=cmake.define.SKEP_PREFIX="$work/prefix" \
    --config-settings=build-dir="$work/native" "$here" > "$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
cd "$here"
PYTHONPATH=$work/site PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -q -p no:cacheprovider -p no:codspeed "$@"
