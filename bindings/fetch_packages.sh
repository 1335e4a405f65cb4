#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches what the tests of Node's binding use from npm, as its lock file says. Quick when it is all there. The other languages
# need nothing beside their toolchains.
set -euo pipefail
cd "$(dirname "$0")/node"
[[ ! node_modules/.package-lock.json -nt package-lock.json ]] || exit 0
command -v npm > /dev/null || { echo "fetch_packages.sh: no npm" >&2; exit 1; }
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
