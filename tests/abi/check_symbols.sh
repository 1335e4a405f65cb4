#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_symbols.sh LIBRARY LAYOUT: libskep exports the functions of skep.h and nothing else.
# check_symbols.sh LIBRARY: a backend exports skep_backend_entry and nothing else (PLUGIN-1), and needs no library of
# a device's vendor.
set -euo pipefail
library=$1
exported=$(nm -D --defined-only "$library" | awk '{print $NF}' | sort)
if [[ $# -eq 2 ]]; then
    expected=$(grep -oE '^SKEP_CHECK_FUNCTION\(skep_[a-z0-9_]+' "$2" | sed 's/.*(//' | grep -v '^skep_backend_entry$' | sort)
else
    expected=skep_backend_entry
    if readelf -d "$library" | grep NEEDED | grep -iE 'cuda|cublas|nvrtc|nvml'; then
        echo "$library cannot be loaded without the library above" && exit 1
    fi
fi
diff <(echo "$expected") <(echo "$exported") || { echo "< expected, > exported by $library" && exit 1; }
