#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is needed, builds everything and runs every test. Closes with "N passed, N failed, N skipped".
#   scripts/test.sh [--preset dev|release|asan-ubsan|tsan] [ctest arguments ...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=dev
if [[ "${1:-}" == --preset ]]; then
    preset=$2
    shift 2
fi

scripts/install_dependencies.sh test
bindings/fetch_packages.sh || echo "test.sh: the tests of Node's binding will be skipped" >&2
export PATH="/usr/lib/ccache:$PATH" CCACHE_NOHASHDIR=1 # compiles again only what changed, where ccache is there
jobs=$(nproc)
bindings/python/test_environment.sh || (($? == 77)) # where it cannot be had, that package's tests are skipped
cmake --preset "$preset"
cmake --build --preset "$preset" -j "$jobs"

report="build/$preset/junit.xml"
rm -f "$report"
status=0
ctest --preset "$preset" -j "$jobs" --no-tests=error --output-junit junit.xml "$@" || status=$?

# The report is written whatever failed; without one nothing was run.
[[ -s "$report" ]] || { echo "test.sh: ctest wrote no report"; exit 1; }
count() { sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$report" | head -1; }
total=$(count tests) failed=$(count failures) skipped=$(count skipped)
if ((skipped > 0)); then
    echo "Skipped (reasons in $report):"
    sed -n 's/.*<testcase name="\([^"]*\)".*status="notrun".*/  \1/p' "$report"
fi
echo "$((total - failed - skipped)) passed, $failed failed, $skipped skipped"
exit "$status"
