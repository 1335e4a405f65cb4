#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fails when libskep or a backend needs a library beyond the C and C++ runtime.
#   needed_libraries.sh LIBSKEP BACKEND_FOLDER
set -euo pipefail
status=0
for library in "$1" "$2"/*.so; do
    extra=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vE '^(libstdc\+\+|libgcc_s|libc|libm|libdl|libpthread|ld-linux-[a-z0-9-]+)\.so\.[0-9]+$' || true)
    if [[ -n "$extra" ]]; then
        echo "$(basename "$library") needs: $extra"
        status=1
    fi
done
exit $status
