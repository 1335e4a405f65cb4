#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All tests of the package against a libskep, and its types against TypeScript.
#   SKEP_LIB_DIR=build/dev/lib bindings/node/test_package.sh          ends with 77 where there is no node or no npm registry
set -euo pipefail
cd "$(dirname "$0")"
command -v node > /dev/null || { echo "SKIPPED: no node (package nodejs)"; exit 77; }
if ! ../fetch_packages.sh; then
    echo "SKIPPED: koffi and typescript could not be had from npm's registry"
    exit 77
fi
node --expose-gc --test test/conformance.test.js test/face.test.js
node node_modules/typescript/bin/tsc -p .
