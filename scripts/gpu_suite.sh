#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything that needs a real GPU, from a built tree. Needs no compiler and no network.
#   scripts/gpu_suite.sh pack FOLDER [--build BUILD]    copies what the suite needs, stripped, into one small folder
#   scripts/gpu_suite.sh [--tests] [--sanitize] [--churn SECONDS] [--bench] [--out FOLDER] [--kit FOLDER | --build BUILD]
# Without parts: --tests --sanitize --churn 300 --bench. Ends with a table; JSON goes to the --out folder.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/release

pack() {
    local kit=$1
    mkdir -p "$kit"/{bench,bin,data,lib,scripts,tests}
    cp -a "$build"/lib/libskep.so* "$kit/lib/"
    cp -a "$build"/lib/skep "$kit/lib/"
    cp -a "$build"/bench/{flat_search_bench,graph_search_bench} "$kit/bench/"
    cp -a "$build"/tests/test_cross_backend_* "$build"/tests/test_unit_plugins_cuda_* "$build"/tests/gpu_churn "$kit/tests/"
    [[ ! -x "$build"/bin/skep ]] || cp -a "$build"/bin/skep "$kit/bin/"
    rm -f "$kit"/tests/*.cmake
    cp -a "$build"/tests/fake_cuda "$kit/tests/"
    cp -a "$root"/data/sift10k_* "$kit/data/"
    cp -a "$root"/bench/gpu/torch_flat_search.py "$kit/bench/"
    cp -a "$root"/scripts/gpu_suite.sh "$kit/scripts/"
    # Libraries beyond the C and C++ runtime may be missing where there is no development system.
    ldd "$build"/lib/libskep.so | awk '/libxxhash|libfmt|libboost/ {print $3}' | xargs -r -I{} cp -L {} "$kit/lib/"
    find "$kit" -type f \( -name '*.so*' -o -perm -u+x ! -name '*.sh' ! -name '*.py' \) -exec strip --strip-unneeded {} +
    du -sh "$kit"
}

if [[ "${1:-}" == pack ]]; then
    kit=$2
    [[ "${3:-}" != --build ]] || build=$(cd "$4" && pwd)
    pack "$kit"
    exit
fi

parts="" churn_seconds=300 out=$PWD/gpu_suite_out data=$root/data
while (($#)); do
    case $1 in
        --tests | --sanitize | --bench) parts+=" ${1#--}" ;;
        --churn) parts+=" churn"; churn_seconds=$2; shift ;;
        --out) out=$2; shift ;;
        --kit) build=$(cd "$2" && pwd); data=$build/data; shift ;;
        --build) build=$(cd "$2" && pwd); shift ;;
        *) echo "gpu_suite.sh: unknown argument $1" >&2; exit 2 ;;
    esac
    shift
done
[[ -n "$parts" ]] || parts=" tests sanitize churn bench"
mkdir -p "$out"
out=$(cd "$out" && pwd)
torch_script=$root/bench/gpu/torch_flat_search.py
[[ -f "$torch_script" ]] || torch_script=$build/bench/torch_flat_search.py

export LD_LIBRARY_PATH="$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export SKEP_DATA_DIR=$data SKEP_FAKE_CUDA_DIR=$build/tests/fake_cuda SKEP_REQUIRE_BACKENDS=cpu,cuda
export CUDA_CACHE_PATH=$out/cache

table=""
failed=0
note() { # name, result, detail
    table+=$(printf '%-28s %-8s %s' "$1" "$2" "$3")$'\n'
    [[ "$2" != FAILED ]] || failed=$((failed + 1))
}
step() { # name, command ...: a line of the table, a log under --out
    local name=$1 begin status=0 detail
    shift
    begin=$(date +%s)
    "$@" > "$out/$name.log" 2>&1 || status=$?
    detail="$(($(date +%s) - begin)) s"
    grep -hE '^\[  (PASSED|FAILED|SKIPPED) ?\] +[0-9]+ test' "$out/$name.log" > "$out/.counts" || true
    [[ ! -s "$out/.counts" ]] || detail+=", $(tr -s ' ' < "$out/.counts" | tr '\n' ' ')"
    if ((status == 0)); then
        note "$name" ok "$detail"
    else
        note "$name" FAILED "$detail, exit $status"
        grep -E 'Failure|FAILED|error|Error|=========|wrong' -A6 "$out/$name.log" | head -60 || true
    fi
}

nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader || true

if [[ $parts == *tests* ]]; then
    step agreement "$build/tests/test_cross_backend_agreement" "--gtest_output=json:$out/agreement.json"
    grep 'queries compared' "$out/agreement.log" || true
    step exactness "$build/tests/test_cross_backend_exactness" "--gtest_output=json:$out/exactness.json"
    grep 'queries compared' "$out/exactness.log" || true
    step graph "$build/tests/test_cross_backend_graph" "--gtest_output=json:$out/graph.json"
    grep -E '^(built on|ef )' "$out/graph.log" || true
    step gpu_device "$build/tests/test_cross_backend_gpu_device" "--gtest_output=json:$out/gpu_device.json"
    for test in "$build"/tests/test_unit_plugins_cuda_*; do
        [[ -x "$test" ]] || continue # a kit may come without them: they need no GPU
        step "$(basename "$test" | sed 's/test_unit_plugins_cuda_/fake_driver_/')" "$test"
    done
    [[ ! -x "$build/bin/skep" ]] || "$build/bin/skep" devices || true
fi

if [[ $parts == *sanitize* ]]; then
    if command -v compute-sanitizer > /dev/null; then
        for tool in memcheck racecheck; do
            step "$tool" timeout 240 compute-sanitizer --tool "$tool" --error-exitcode 9 \
                "$build/tests/test_cross_backend_agreement" --gtest_filter='*ShortForSanitizers'
            tail -2 "$out/$tool.log"
            step "${tool}_graph" timeout 240 compute-sanitizer --tool "$tool" --error-exitcode 9 \
                "$build/tests/test_cross_backend_graph" --gtest_filter='*ShortForSanitizers'
            tail -2 "$out/${tool}_graph.log"
        done
    else
        note sanitize skipped "compute-sanitizer is not here"
    fi
fi

if [[ $parts == *churn* ]]; then
    step churn "$build/tests/gpu_churn" "$churn_seconds" "$out/churn.json"
    tail -1 "$out/churn.log"
fi

if [[ $parts == *bench* ]]; then
    for metric in l2 cosine inner_product; do
        for run in 1 2 3; do
            rm -rf "$CUDA_CACHE_PATH"
            for cache in cold warm; do
                name=first_answer_${metric}_${cache}_$run
                step "$name" "$build/bench/flat_search_bench" --first-answer --metric "$metric" --json "$out/$name.json"
                echo "$cache: $(cat "$out/$name.log")"
            done
        done
    done
    step bench_f32 "$build/bench/flat_search_bench" --json "$out/bench_f32.json"
    cat "$out/bench_f32.log"
    step bench_u8 "$build/bench/flat_search_bench" --bytes --json "$out/bench_u8.json"
    cat "$out/bench_u8.log"
    step bench_f32_768 "$build/bench/flat_search_bench" --dim 768 --batches 1,100,10000 --json "$out/bench_f32_768.json"
    cat "$out/bench_f32_768.log"
    if python3 -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
        step torch python3 "$torch_script" --json "$out/torch.json"
        cat "$out/torch.log"
    else
        note torch skipped "PyTorch with CUDA is not here"
    fi
fi

echo
printf '%-28s %-8s %s\n' part result detail
printf '%s' "$table"
printf '%s' "$table" | awk 'BEGIN {printf "["} {printf "%s{\"part\": \"%s\", \"result\": \"%s\"}", (NR > 1 ? ", " : ""), $1, $2} END {print "]"}' > "$out/suite.json"
((failed == 0))
