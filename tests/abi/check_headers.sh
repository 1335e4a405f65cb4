#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_headers.sh COMPILER LANGUAGE STANDARD INCLUDE_DIR HEADER...: each header compiles alone, every warning an error.
set -euo pipefail
compiler=$1 language=$2 standard=$3 include_dir=$4
shift 4
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Werror)
[[ $language == c ]] && warnings+=(-Wstrict-prototypes -Wmissing-prototypes)
for header in "$@"; do
    # Twice: the guard must hold.
    printf '#include "%s"\n#include "%s"\nint skep_header_check;\n' "$header" "$header" |
        sed 's/^int/extern int/' |
        "$compiler" -std="$standard" "${warnings[@]}" -fsyntax-only -I "$include_dir" -x "$language" -
done
