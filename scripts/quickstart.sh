#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a bare machine to an answer: installs what is needed, builds, and runs the main job on the real vectors of data/.
#   scripts/quickstart.sh
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/quickstart
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

quietly() { # shows the output of a command only if it fails
    "$@" > "$scratch/log" 2>&1 || { tail -n 60 "$scratch/log" >&2; echo "quickstart.sh: failed: $*" >&2; exit 1; }
}
show() { # a command as one would type it, then what it prints
    printf '\n$ %s\n' "$*"
    "$build/bin/$@"
}

scripts/install_dependencies.sh build
echo "Building Skep into $build ..."
quietly cmake --preset release -B "$build" -DSKEP_BUILD_TESTS=OFF -DSKEP_BUILD_BENCH=OFF -DSKEP_BUILD_EXAMPLES=OFF
quietly cmake --build "$build" -j "$(nproc)"
echo "Built in $SECONDS s."

cat << 'STORY'

The data are 10 000 real SIFT descriptors (128 dimensions, u8), 100 queries and their exact answers.
STORY
base=data/sift10k_base.u8bin
queries=data/sift10k_query.u8bin
truth=(--truth data/sift10k_gt_100x100.ibin --truth-distances data/sift10k_gtdist_100x100.fbin)

printf '\n--- What is there to search on?\n'
show skep devices

printf '\n--- Build a collection and save it to a file.\n'
show skep build --base "$base" --out "$scratch/sift.skep" --metric l2

printf '\n--- What is in that file?\n'
show skep info "$scratch/sift.skep"

printf '\n--- Open it again and search: key and squared distance of the three nearest rows, first two queries shown.\n'
show skep search "$scratch/sift.skep" --queries "$queries" --k 3 > "$scratch/answers"
sed -n 1,4p "$scratch/answers"

printf '\n--- How good and how fast? Recall against the exact answers, queries per second, latency of a call.\n'
show skep eval "$scratch/sift.skep" --queries "$queries" "${truth[@]}" --batch 1,10,100

printf '\nDone in %s s. The program is %s/bin/skep; scripts/test.sh runs the tests.\n' "$SECONDS" "$build"
