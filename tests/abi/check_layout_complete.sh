#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_layout_complete.sh INCLUDE_DIR LAYOUT: every struct, number and function of the C headers has its line.
set -euo pipefail
include_dir=$1 layout=$2
headers=$(cat "$include_dir"/skep/*.h | sed -e 's://.*::' | tr '\n' ' ' | sed -e 's:/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/: :g')
failed=0
expect() { # kind, names found in the headers
    local name
    for name in $2; do
        grep -q "^SKEP_CHECK_$1($name[,)]" "$layout" || { echo "no SKEP_CHECK_$1 of $name" && failed=1; }
    done
}
structs=$(grep -oE 'typedef struct skep_[a-z0-9_]+ \{' <<<"$headers" | grep -oE 'skep_[a-z0-9_]+')
functions=$(grep -oE 'SKEP_API [^;]*;' <<<"$headers" | grep -oE 'skep_[a-z0-9_]+ ?\(' | tr -d ' (' | sort -u)
numbers=$(grep -oE 'enum \{[^}]*\}' <<<"$headers" | grep -oE 'SKEP_[A-Z0-9_]+')
[[ $(wc -w <<<"$structs") -ge 30 && $(wc -w <<<"$functions") -ge 50 && $(wc -w <<<"$numbers") -ge 90 ]] ||
    { echo "the headers were not understood" && exit 1; }
expect SIZE "$structs"
expect FUNCTION "$functions"
expect VALUE "$numbers"
exit $failed
