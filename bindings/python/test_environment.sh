#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the virtual environment in which the package is tested, with what requirements-test.txt names. Says nothing and takes
# no time when it is there already. Ends with 77 where Python or the packages cannot be had.
#   bindings/python/test_environment.sh [FOLDER]     FOLDER: build/python_venv of the repository if not given
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../build/python_venv}
requirements=$here/requirements-test.txt

give_up() {
    echo "test_environment.sh: $1" >&2
    exit 77
}
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || give_up "no Python 3.11 or newer"
cmp -s "$requirements" "$folder/installed.txt" && exit 0

rm -rf "$folder"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
python3 -m venv "$folder" > "$log" 2>&1 || { cat "$log" >&2; give_up "no virtual environment"; }
echo "Installing the packages of $(basename "$requirements")"
"$folder/bin/pip" install -q --disable-pip-version-check --retries 2 -r "$requirements" > "$log" 2>&1 ||
    { cat "$log" >&2; rm -rf "$folder"; give_up "the packages could not be had from PyPI"; }
cp "$requirements" "$folder/installed.txt"
