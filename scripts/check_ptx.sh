#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Assembles every rung of the embedded PTX for every chip that can take it, with ptxas from PyPI's nvidia-cuda-nvcc
# packages in a virtual environment: version 12.9 still knows sm_70, version 13 the newest chips. Fails on an error, on
# double-precision FMA (exact distances must not be fused), and on more than 256 bytes of spills in any kernel (the products
# of bytes need 228 on sm_120). Where PyPI is out of reach it is skipped, visibly.
#   scripts/check_ptx.sh [--verbose] [BUILD]        without BUILD: of build/dev, built anew where it is old
set -euo pipefail
cd "$(dirname "$0")/.."
verbose=0
if [[ "${1:-}" == --verbose ]]; then
    verbose=1
    shift
fi
folder=${1:-build/dev}/plugins/cuda/ptx
if [[ $# -eq 0 ]]; then
    cmake --preset dev -DSKEP_CUDA=ON > /dev/null
    cmake --build --preset dev --target skep_cuda_ptx > /dev/null
fi
compgen -G "$folder/*.ptx" > /dev/null || { echo "check_ptx.sh: no PTX in $folder: build target skep_cuda_ptx first" >&2; exit 1; }

venv=build/ptxas_venv
if [[ ! -x $venv/bin/python ]]; then
    if ! { python3 -m venv "$venv" &&
        "$venv/bin/pip" install -q --disable-pip-version-check 'nvidia-cuda-nvcc-cu12==12.9.*' 'nvidia-cuda-nvcc>=13'; }; then
        rm -rf "$venv"
        echo "check_ptx.sh: SKIPPED, nothing was assembled: ptxas could not be had from PyPI" >&2
        exit 0
    fi
fi
old=$(find "$venv/" -path '*cuda_nvcc/bin/ptxas' | head -1)
new=$(find "$venv/" -path '*cu13/bin/ptxas' | head -1)
[[ -x "$old" && -x "$new" ]] || { echo "check_ptx.sh: no ptxas in $venv" >&2; exit 1; }
newest_chips=$("$new" --help | grep -oE "'sm_[0-9]+'" | tr -d "'" | sort -t_ -k2 -n -u)

# One assembly; prints what is wrong with it. Runs in a shell of its own, several at once.
assemble() { # ptxas, image, chip
    local log spills what
    what="$(basename "$2") for $3"
    if ! log=$("$1" -v -arch="$3" "$2" -o /dev/null 2>&1); then
        echo "$what: $log"
        return 1
    fi
    spills=$(grep -oE '[0-9]+ bytes spill stores' <<< "$log" | sort -n | tail -1 | cut -d' ' -f1)
    if ((${spills:-0} > 256)); then
        echo "$what: $spills bytes of spills"
        return 1
    fi
    ((verbose == 0)) || echo "$what: $(grep -oE 'Used [0-9]+ registers' <<< "$log" | cut -d' ' -f2 | tr '\n' ' ')registers, at most ${spills:-0} bytes spilled"
}
export -f assemble
export verbose

failures=0
assemblies=()
for image in "$folder"/*.ptx; do
    if grep 'fma\.rn\.f64' "$image" | grep -qv '// asked for'; then
        # Square roots are sequences of the assembler's own; an fma in the text is ours.
        echo "$(basename "$image"): double-precision FMA" >&2
        failures=$((failures + 1))
    fi
    target=$(sed -n 's/^\.target \(sm_[0-9]*a\{0,1\}\).*/\1/p' "$image")
    case $target in
        *a) assemblies+=("$old $image $target" "$new $image $target") ;;
        *)
            for chip in sm_70 sm_75 sm_80 sm_86 sm_89 sm_90; do
                ((${chip#sm_} < ${target#sm_})) || assemblies+=("$old $image $chip")
            done
            for chip in $newest_chips; do
                ((${chip#sm_} < ${target#sm_} || ${chip#sm_} <= 90)) || assemblies+=("$new $image $chip")
            done
            ;;
    esac
done
printf '%s\n' "${assemblies[@]}" | xargs -P "$(nproc)" -L 1 bash -c 'assemble "$@"' assemble || failures=$((failures + 1))
echo "check_ptx.sh: ${#assemblies[@]} assemblies, $(if ((failures == 0)); then echo "all good"; else echo "FAILED, see above"; fi)"
((failures == 0))
