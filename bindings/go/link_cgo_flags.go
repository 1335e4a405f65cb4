// SPDX-License-Identifier: MIT

//go:build skep_cgo_flags

package skep

// Folders come from CGO_CFLAGS and CGO_LDFLAGS.

// #cgo LDFLAGS: -lskep
import "C"
