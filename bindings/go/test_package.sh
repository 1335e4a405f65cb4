#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# go vet, gofmt and all tests, with the race detector where it is there, against a libskep.
#   SKEP_LIB_DIR=build/dev/lib bindings/go/test_package.sh INCLUDE_DIR         ends with 77 where there is no go
set -euo pipefail
cd "$(dirname "$0")"
command -v go > /dev/null || { echo "SKIPPED: no go (package golang-go)"; exit 77; }

export CGO_ENABLED=1 CGO_CFLAGS="-O2 -Wall -I$1" CGO_LDFLAGS="-L$SKEP_LIB_DIR" GOFLAGS="-tags=skep_cgo_flags" \
    GOTOOLCHAIN=local LD_LIBRARY_PATH="$SKEP_LIB_DIR${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
unformatted=$(gofmt -l .)
[[ -z "$unformatted" ]] || { echo "gofmt would change: $unformatted"; exit 1; }
go vet ./...
go test -count=1 ./...
if [[ "$(go env GOARCH)" =~ ^(amd64|arm64|ppc64le|s390x)$ ]]; then
    go test -count=1 -race ./...
fi
