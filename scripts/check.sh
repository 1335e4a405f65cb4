#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a reader would complain about, found by machine: layout, include directions, clang-tidy's list.
#   scripts/check.sh [--no-tidy]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_dependencies.sh test

failures=0
complain() {
    printf 'check.sh: %s\n' "$1" >&2
    failures=$((failures + 1))
}

mapfile -t sources < <(git ls-files '*.h' '*.hpp' '*.c' '*.cpp' '*.cu' '*.cuh')
clang-format-19 --dry-run -Werror "${sources[@]}" || complain "layout: run clang-format-19 -i on the files above"

if command -v gofmt > /dev/null; then
    found=$(gofmt -l bindings/go)
    [[ -z "$found" ]] || complain "layout: run gofmt -w on: $found"
fi
if command -v rustfmt > /dev/null; then
    (cd bindings/rust && cargo fmt --check > /dev/null) || complain "layout: run cargo fmt in bindings/rust"
fi

# Includes point one way: plugins never see core or each other; cli, bindings and examples see abi alone.
one_way() { # folder, pattern of what it must not include
    local found
    found=$(git grep -nE "#include *[<\"]($2)" -- "$1" || true)
    [[ -z "$found" ]] || complain "includes of $1 point the wrong way:"$'\n'"$found"
}
core_folders='api/|bridge/|collection/|plugin/|runtime/|io/|eval/|core/'
one_way abi "skep/common/|$core_folders|plugins/"
one_way common "$core_folders|plugins/"
one_way plugins "$core_folders"
one_way plugins/cpu 'cuda|driver/'
one_way plugins/cuda 'cpu_'
one_way core 'plugins/|cpu_|cuda'
one_way cli "skep/common/|$core_folders|plugins/|skep/backend\.h"
one_way examples "skep/common/|$core_folders"
one_way bindings "skep/common/|$core_folders|plugins/|skep/backend\.h"

# One file opens libraries, and a library never prints or ends the process.
found=$(git grep -lE '#include *<boost/dll' -- core ':!core/src/plugin/plugin_library.*' || true)
[[ -z "$found" ]] || complain "Boost.DLL belongs to core/src/plugin/plugin_library.cpp alone, not to: $found"
found=$(git grep -nE '(^|[^_[:alnum:]])(printf|puts|abort|terminate|_?exit|quick_exit)\(|std::(cout|cerr|clog)' -- \
    core/src plugins ':!*.md' ':!*/CMakeLists.txt' | grep -vE '^[^:]*:[0-9]+: *(//|\*)' || true)
[[ -z "$found" ]] || complain "a library must not print or end the process:"$'\n'"$found"
found=$(git ls-files '*.h' '*.hpp' '*.c' '*.cpp' '*.cu' '*.cuh' '*.py' '*.sh' '*.cmake' '*CMakeLists.txt' \
    '*.rs' '*.go' '*.js' '*.ts' |
    xargs -r grep -L 'SPDX-License-Identifier: MIT' || true)
[[ -z "$found" ]] || complain "no SPDX line in: $found"

if [[ "${1:-}" != --no-tidy ]]; then
    cmake --preset dev -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null
    mapfile -t checked < <(git ls-files 'core/src/*.cpp' 'cli/*.cpp' 'plugins/*.cpp')
    log=build/clang-tidy.log
    if ! run-clang-tidy-19 -quiet -extra-arg=-Wno-unknown-warning-option -extra-arg=-Wno-deprecated-declarations -j "$(nproc)" -p build/dev "${checked[@]/#/$PWD/}" > "$log" 2>&1; then
        grep -E 'warning:|error:' "$log" | sort -u | head -50 >&2
        complain "clang-tidy: see $log"
    fi
fi

((failures == 0)) || exit 1
echo "check.sh: clean"
