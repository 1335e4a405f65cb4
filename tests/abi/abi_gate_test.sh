#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# abi_gate_test.sh C_COMPILER CXX_COMPILER INCLUDE_DIR: seeded breaks of the headers fail the frozen layout, legal
# additions pass it. The gate is tested, not only the headers.
set -euo pipefail
c_compiler=$1 cxx_compiler=$2 include_dir=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

gate() { # folder of headers
    "$c_compiler" -std=c99 -fsyntax-only -I "$1" "$here/layout_c.c" >"$work/log" 2>&1 &&
        "$cxx_compiler" -std=c++17 -fsyntax-only -I "$1" "$here/layout_cpp.cpp" >>"$work/log" 2>&1
}
change() { # expectation, name, header, sed script
    rm -rf "$work/include" && cp -r "$include_dir" "$work/include"
    sed -i -E "$4" "$work/include/skep/$3"
    if cmp -s "$include_dir/skep/$3" "$work/include/skep/$3"; then
        echo "$2: the change did not apply" && failed=1 && return
    fi
    local outcome=breaks
    gate "$work/include" && outcome=passes
    [[ $outcome == "$1" ]] || { echo "$2: $outcome, expected that it $1" && tail -5 "$work/log" && failed=1; }
}

gate "$include_dir" || { cat "$work/log" && exit 1; }

change breaks "reorder members" types.h \
    '/^typedef struct skep_matrix/,/^\}/{s/uint32_t dim;/uint32_t XX;/;s/uint32_t reserved;/uint32_t dim;/;s/XX/reserved/}'
change breaks "widen a member" types.h '/^typedef struct skep_matrix/,/^\}/s/uint32_t dim;/uint64_t dim;/'
change breaks "remove a member" status.h 's/^ +int64_t native_code;.*//'
change breaks "insert a member" skep.h '/^typedef struct skep_call_options/,/^\}/s/uint64_t timeout_ns;/uint64_t more; uint64_t timeout_ns;/'
change breaks "retype to the same size" types.h '/^typedef struct skep_matrix/,/^\}/s/int32_t memory_device_id;/uint32_t memory_device_id;/'
change breaks "renumber a status" status.h 's/SKEP_DUPLICATE_KEY = 6/SKEP_DUPLICATE_KEY = 60/'
change breaks "shorten a text" types.h 's/char uuid\[64\]/char uuid[32]/'
change breaks "remove an operation" backend.h 's/^ +void \(\*store_truncate\)[^;]*;//'
change breaks "change an operation's argument" backend.h 's/\(\*store_reserve\)\(skep_store \*store, uint64_t/(*store_reserve)(skep_store *store, uint32_t/'
change breaks "drop const from a result" skep.h 's/SKEP_API const char \*skep_version/SKEP_API char *skep_version/'
change breaks "remove a function" skep.h 's/^SKEP_API void skep_byte_list_destroy.*//'
change breaks "change a limit" types.h 's/SKEP_MAX_DIM 65536u/SKEP_MAX_DIM 65535u/'

change passes "append a member" skep.h '/^typedef struct skep_call_options/,/^\}/s/void \*user_data;/void *user_data; uint64_t more;/'
change passes "append an operation" backend.h 's/^(\} skep_backend_operations;)/void (*opt_more)(skep_backend *backend);\n\1/'
change passes "add a status" status.h 's/(SKEP_VETOED = 68,)/SKEP_MORE = 69, \1/'
change passes "add a function" skep.h 's/^(SKEP_API const char \*skep_version)/SKEP_API int32_t skep_more(void);\n\1/'
change passes "add a struct" types.h 's/^(SKEP_EXTERN_C_END)/typedef struct skep_more { uint32_t struct_size; } skep_more;\n\1/'
exit $failed
